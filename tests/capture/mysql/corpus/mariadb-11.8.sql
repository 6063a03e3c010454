CREATE TABLE vec (id INT PRIMARY KEY, v VECTOR(3) NOT NULL, g GEOMETRY, x TEXT CHARACTER SET latin1, u UUID, i INET6);
INSERT INTO vec VALUES (1, VEC_FromText('[1,2,3]'), ST_GeomFromText('POINT(1 2)'), 'x', '123e4567-e89b-12d3-a456-426614174000', '::1');
SET SESSION binlog_row_image = FULL_NODUP;
UPDATE vec SET x = 'y';
SET SESSION binlog_row_image = FULL;
SET binlog_alter_two_phase = ON;
ALTER TABLE vec ADD COLUMN q INT;
CREATE INDEX i ON vec (q);
SET binlog_alter_two_phase = OFF;
