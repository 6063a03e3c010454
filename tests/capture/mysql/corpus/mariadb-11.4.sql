USE shop;
CREATE TABLE dup (id INT PRIMARY KEY, v VARCHAR(20), x TEXT CHARACTER SET latin1, g GEOMETRY);
INSERT INTO dup VALUES (1, 'a', 'x', ST_GeomFromText('POINT(1 2)')), (2, NULL, NULL, NULL);
SET SESSION binlog_row_image = FULL_NODUP;
UPDATE dup SET v = 'b' WHERE id = 1;
UPDATE dup SET id = 3, v = NULL WHERE id = 1;
DELETE FROM dup WHERE id = 2;
