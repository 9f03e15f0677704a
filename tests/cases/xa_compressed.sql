-- servers: mysql
-- expect: a c {"id": 1}
-- expect: a c {"id": 3}
-- expect: a c {"id": 4}
CREATE TABLE a (id INT PRIMARY KEY);
SET binlog_transaction_compression = ON;
XA START 'a';
INSERT INTO a VALUES (1);
XA END 'a';
XA PREPARE 'a';
-- connect
XA COMMIT 'a';
SET binlog_transaction_compression = ON;
XA START 'b';
INSERT INTO a VALUES (2);
XA END 'b';
XA PREPARE 'b';
XA ROLLBACK 'b';
BEGIN;
INSERT INTO a VALUES (3);
SAVEPOINT s;
INSERT INTO a VALUES (5);
ROLLBACK TO s;
INSERT INTO a VALUES (4);
COMMIT;
