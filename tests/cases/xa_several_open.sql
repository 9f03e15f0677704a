-- servers: mariadb mysql
-- expect: a c {"id": 2}
-- expect: a c {"id": 9}
-- expect: a c {"id": 1}
CREATE TABLE a (id INT PRIMARY KEY);
XA START 'one', 'b''r', 7;
INSERT INTO a VALUES (1);
XA END 'one', 'b''r', 7;
XA PREPARE 'one', 'b''r', 7;
-- connect
XA START 'two';
INSERT INTO a VALUES (2);
XA END 'two';
XA PREPARE 'two';
-- connect
XA START 'three';
INSERT INTO a VALUES (3);
XA END 'three';
XA PREPARE 'three';
XA ROLLBACK 'three';
-- connect
XA COMMIT 'two';
INSERT INTO a VALUES (9);
XA COMMIT 'one', 'b''r', 7;
