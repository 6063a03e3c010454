-- The shop of deploy/compose.yaml: what the writer changes, and the roles of the writer and of Tidemark.
CREATE TABLE customers (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, email text NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE orders (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customers,
  amount numeric(12, 2) NOT NULL, state text NOT NULL DEFAULT 'new', placed_at timestamptz NOT NULL DEFAULT now());
INSERT INTO customers (name, email) SELECT 'customer ' || i, 'customer' || i || '@example.org' FROM generate_series(1, 1000) i;
INSERT INTO orders (customer_id, amount) SELECT 1 + i % 1000, i % 97 + 0.99 FROM generate_series(1, 20000) i;

CREATE ROLE writer LOGIN PASSWORD 'writer';
GRANT SELECT, INSERT, UPDATE, DELETE ON customers, orders TO writer;
CREATE ROLE tidemark LOGIN REPLICATION PASSWORD 'tidemark';
GRANT SELECT ON ALL TABLES IN SCHEMA public TO tidemark;
CREATE PUBLICATION tidemark FOR ALL TABLES WITH (publish_via_partition_root = true);
