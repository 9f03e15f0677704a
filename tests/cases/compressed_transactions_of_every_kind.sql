-- servers: mysql
-- expect: z c {"id": 1}
-- expect: z c {"id": 2}
-- expect: z u {"id": 2}
-- expect: z c {"id": 5}
-- expect: z c {"id": 7}
-- expect: z c {"id": 6}
SET binlog_transaction_compression = ON;
CREATE TABLE z (id INT PRIMARY KEY, v INT);
XA START 'p';
INSERT INTO z VALUES (6, 0);
XA END 'p';
XA PREPARE 'p';
-- connect
SET binlog_transaction_compression = ON;
INSERT INTO z VALUES (1, 0);
XA START 'q', 'r', 9;
INSERT INTO z VALUES (2, 0);
UPDATE z SET v = 1 WHERE id = 2;
XA END 'q', 'r', 9;
XA COMMIT 'q', 'r', 9 ONE PHASE;
XA START 's';
INSERT INTO z VALUES (3, 0);
XA END 's';
XA ROLLBACK 's';
SET binlog_transaction_compression = OFF;
XA START 't';
INSERT INTO z VALUES (4, 0);
XA END 't';
XA PREPARE 't';
XA ROLLBACK 't';
SET binlog_transaction_compression = ON;
INSERT INTO z VALUES (5, 0);
BEGIN;
INSERT INTO z VALUES (7, 0);
SAVEPOINT x;
INSERT INTO z VALUES (8, 0);
ROLLBACK TO x;
COMMIT;
XA COMMIT 'p';
