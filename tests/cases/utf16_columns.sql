-- servers: mariadb mysql
-- expect: a c {"k": "ä𝄞", "id": 1} {"id": 1, "k": "ä𝄞", "v": "ﷺ", "l": "Ł"}
-- expect: a u {"k": "ä𝄞", "id": 1} {"id": 1, "k": "ä𝄞", "v": "x", "l": "Ł"}
CREATE TABLE a (id INT, k VARCHAR(20) CHARACTER SET utf16, v TEXT CHARACTER SET utf32, l CHAR(4) CHARACTER SET latin2, PRIMARY KEY (k, id)) CHARACTER SET ucs2;
INSERT INTO a VALUES (1, 'ä𝄞', 'ﷺ', 'Ł');
UPDATE a SET v = 'x';
