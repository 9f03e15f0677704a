-- A two-phase ALTER that fails for its rows is none; the one that gives them a value is due.
-- servers: mariadb
-- due: w
-- expect: w c {"id": 1} {"id": 1, "v": "same"}
-- expect: w c {"id": 2} {"id": 2, "v": "same"}
-- expect: w d {"id": 1}
SET binlog_alter_two_phase = ON;
CREATE TABLE w (id INT PRIMARY KEY, v VARCHAR(9));
INSERT INTO w VALUES (1, 'same'), (2, 'same');
-- fails
ALTER TABLE w ADD UNIQUE (v);
-- fails
ALTER TABLE w DROP PRIMARY KEY, ADD PRIMARY KEY (v);
ALTER TABLE w ADD COLUMN later INT DEFAULT 3, ALGORITHM = COPY;
DELETE FROM w WHERE id = 1;
