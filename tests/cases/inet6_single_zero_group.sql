-- The server writes :: for the first longest run of zero groups, also for a single one.
-- servers: mariadb
-- expect: t c {"a": "2001:db8::1:1:1:1:1"}
-- expect: t c {"a": "1::2:0:3:0:4:0"}
-- expect: t c {"a": "::1"}
CREATE TABLE t (a INET6 PRIMARY KEY);
INSERT INTO t VALUES ('2001:db8:0:1:1:1:1:1');
INSERT INTO t VALUES ('1:0:2:0:3:0:4:0');
INSERT INTO t VALUES ('::1');
