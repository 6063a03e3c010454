-- One turn of the writer: a contact comes, one is seen, an old one goes.
SET @id = 1 + FLOOR(RAND() * 1000);
INSERT INTO contacts (customer_id, channel, note) VALUES (@id, ELT(1 + @id MOD 3, 'mail', 'phone', 'chat'), 'called again');
UPDATE contacts SET note = CONCAT('seen ', NOW()) WHERE id = @id;
DELETE FROM contacts WHERE note = 'called again' AND at < NOW() - INTERVAL 1 MINUTE ORDER BY id LIMIT 1;
