-- MariaDB writes the TRUNCATE of the emptied table in UTF-8.
-- servers: mariadb mysql
-- charset: latin1
-- expect: höfe c {"id": 1}
-- expect: höfe t {}
-- expect: höfe c {"id": 3}
CREATE TABLE höfe (id INT PRIMARY KEY) ENGINE = MEMORY;
INSERT INTO höfe VALUES (1);
RESTART;
INSERT INTO höfe VALUES (3);
