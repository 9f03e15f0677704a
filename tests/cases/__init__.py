"""SQL that a server logs in a way of its own, and what `rowline tail` must print of it.

A file is a case: statements, each ending with `;` at the end of a line, behind these directives.

    -- servers: mariadb mysql      one test for each
    -- expect: TABLE OP KEY AFTER  a line of the output, in order; AFTER only where it matters
    -- due: TABLE …                the tables whose backfill must be reported as due, no others
    -- error: TEXT                 the reading ends with an error that holds this text
    -- charset: NAME               the client's character set (utf8mb4)
    -- database: NAME              the database that the statements run in (k)
    -- tables: PATTERN …           what is captured (k.*)
    -- start: ARGUMENTS            run on a server of its own, started with these arguments
    -- from: earliest              where the reading begins; else at the first statement
    -- not yet: SERVER REASON      the case is right, and Rowline is not

Above a single statement:

    -- fails                       the server must refuse it
    -- only: SERVER                the other server passes over it
    -- connect                     over another connection from here on

`RESTART;` starts the server again; such a case has a server of its own, too. Any other comment
says why the case exists.
"""
