-- What a cascade deletes is not in MariaDB's binlog: the table is due from the ALTER on.
-- servers: mariadb
-- expect: parent c {"id": 1}
-- expect: child c {"id": 1}
-- expect: parent d {"id": 1}
-- due: child
CREATE TABLE parent (id INT PRIMARY KEY);
CREATE TABLE child (id INT PRIMARY KEY, p INT);
INSERT INTO parent VALUES (1);
INSERT INTO child VALUES (1, 1);
ALTER TABLE child ADD FOREIGN KEY (p) REFERENCES parent (id) ON DELETE CASCADE;
DELETE FROM parent;
