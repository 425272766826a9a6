# What contract_test.go expects of every driver, by psycopg2. Arguments: the server's URL and a schema.
import sys
import threading

import psycopg2

url, schema, types_query, long_query = sys.argv[1:]
conn = psycopg2.connect(url)
conn.autocommit = True
cur = conn.cursor()


def one(query, args=None):
    cur.execute(query, args)
    return cur.fetchone()


cur.execute("set search_path to " + schema)
version = one("show server_version")[0]
print("server", version, "Redshift" if "Redshift" in one("select version()")[0] else "")

small, normal, big, number, single, double, yes, day, at, fixed, varied, none = one(types_query)
print("types", small, normal, big, number, single, double, str(yes).lower(), day, at.isoformat(" ", "milliseconds"),
      "[%s]" % fixed, "[%s]" % varied, "null" if none is None else none)

cur.execute("prepare p (int, varchar(20)) as select $1 + 1, $2")
for args in (41, "h\u00e9llo"), (42, None):
    n, text = one("execute p (%s, %s)", args)
    print("prepared", n, "null" if text is None else text)

cur.execute("select n, 'some text that makes the row longer' from numbers")
count = total = 0
for n, _ in cur:
    count, total = count + 1, total + n
print("rows", count, total)

try:
    cur.execute("select * from nowhere")
except psycopg2.Error as e:
    print("error", e.pgcode)
print("alive", one("select 1")[0])

conn.autocommit = False
for end in "rollback", "commit":
    cur.execute("create table kept (n int)")
    cur.executemany("insert into kept values (%s)", [(1,), (2,)])
    getattr(conn, end)()
    if end == "rollback":
        n = one("select count(*) from svv_tables where table_name = 'kept' and table_schema = %s", (schema,))[0]
    else:
        n = one("select count(*) from kept")[0]
    conn.rollback()
    print(end, n)

# Cancel again and again until it is over: a request that comes before the statement does nothing.
conn.autocommit = True
over = threading.Event()


def cancel():
    while not over.wait(0.2):
        conn.cancel()


canceller = threading.Thread(target=cancel)
canceller.start()
try:
    cur.execute("/* %s */ %s" % (schema, long_query))
except psycopg2.Error as e:
    print("cancelled", e.pgcode)
over.set()
canceller.join()
conn.close()
