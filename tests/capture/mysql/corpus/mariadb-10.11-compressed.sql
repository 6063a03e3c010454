SET binlog_alter_two_phase=ON;
USE shop;
ALTER TABLE bare ADD COLUMN q INT;
INSERT INTO bare (a) SELECT seq FROM seq_1_to_2000;
UPDATE bare SET h = 1 LIMIT 1000;
DELETE FROM bare LIMIT 100;
DROP DATABASE shop;
