-- The DROP TABLE of a CREATE OR REPLACE that failed is in UTF-8, whatever the client's set is.
-- servers: mariadb
-- charset: latin1
-- expect: höfe c {"id": 1}
-- expect: höfe t {}
-- expect: höfe c {"id": 5}
-- expect: höfe t {}
-- expect: höfe c {"id": 1}
CREATE TABLE höfe (id INT PRIMARY KEY);
INSERT INTO höfe VALUES (1);
-- fails
CREATE OR REPLACE TABLE höfe (PRIMARY KEY (id)) SELECT 1 AS id UNION ALL SELECT 1;
CREATE TABLE höfe (id INT PRIMARY KEY);
INSERT INTO höfe VALUES (5);
CREATE OR REPLACE TABLE höfe (PRIMARY KEY (id)) SELECT 1 AS id;
