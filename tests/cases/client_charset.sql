-- The text of a statement is in the client's character set: höfe in latin1 is no h in UTF-8.
-- servers: mariadb mysql
-- charset: latin1
-- expect: höfe c {"id": 1}
-- expect: h c {"id": 7}
-- expect: höfe t {}
-- expect: höfe c {"id": 2}
-- due: höfe
CREATE TABLE höfe (id INT PRIMARY KEY);
CREATE TABLE h (id INT PRIMARY KEY);
INSERT INTO höfe VALUES (1);
INSERT INTO h VALUES (7);
TRUNCATE TABLE höfe;
INSERT INTO höfe VALUES (2);
ALTER TABLE höfe ADD art INT NOT NULL DEFAULT 5;
