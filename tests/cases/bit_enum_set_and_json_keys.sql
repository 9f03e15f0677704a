-- servers: mariadb mysql
-- expect: a c {"b": 5, "e": "x", "s": "p,q"}
-- expect: a u {"b": 5, "e": "x", "s": "p,q"}
CREATE TABLE a (b BIT(9), e ENUM('y', 'x'), s SET('p', 'q'), j JSON, PRIMARY KEY (b, e, s));
INSERT INTO a VALUES (5, 'x', 'q,p', '{"a": [1, 2.50, "\\u00e4"]}');
UPDATE a SET j = '[]';
