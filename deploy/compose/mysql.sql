-- The customers' contacts of deploy/compose.yaml, and the accounts of the writer and of Tidemark.
CREATE TABLE contacts (
  id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, customer_id BIGINT UNSIGNED NOT NULL, channel ENUM('mail', 'phone', 'chat') NOT NULL,
  note VARCHAR(200) NOT NULL, at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6));
INSERT INTO contacts (customer_id, channel, note)
  WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < 1000)
  SELECT i, ELT(1 + i % 3, 'mail', 'phone', 'chat'), CONCAT('contact ', i) FROM numbers;

CREATE USER 'writer'@'%' IDENTIFIED BY 'writer';
GRANT SELECT, INSERT, UPDATE, DELETE ON crm.* TO 'writer'@'%';
CREATE USER 'tidemark'@'%' IDENTIFIED BY 'tidemark';
GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO 'tidemark'@'%';
GRANT SELECT ON crm.* TO 'tidemark'@'%';
