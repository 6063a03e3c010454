-- One turn of the writer: an order comes, one goes on, an old one goes.
BEGIN;
INSERT INTO orders (customer_id, amount) SELECT 1 + floor(random() * 1000)::bigint, round((random() * 500)::numeric, 2);
UPDATE orders SET state = 'paid' WHERE id = (SELECT max(id) - floor(random() * 50)::bigint FROM orders);
UPDATE customers SET changed_at = now() WHERE id = (SELECT 1 + floor(random() * 1000)::bigint);
COMMIT;
DELETE FROM orders WHERE id = (SELECT min(id) FROM orders) AND random() < 0.5;
