-- servers: mariadb
-- expect: a c {"id": 1, "e": "2026-12-31"}
-- expect: a d {"id": 1, "e": "2026-12-31"}
-- expect: a c {"id": 1, "e": "2026-03-01"}
-- expect: a c {"id": 1, "e": "2026-12-31"}
CREATE TABLE a (id INT, s DATE, e DATE, PERIOD FOR p (s, e), PRIMARY KEY (id, e));
INSERT INTO a VALUES (1, '2026-01-01', '2026-12-31');
DELETE FROM a FOR PORTION OF p FROM '2026-03-01' TO '2026-06-01';
