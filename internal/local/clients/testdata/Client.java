// What contract_test.go expects of every driver, by PostgreSQL's JDBC driver. Arguments: host, port, user, password, the CA's
// file, a schema, and two queries.

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.time.format.DateTimeFormatter;
import java.util.Properties;

class Client {
    public static void main(String[] args) throws Exception {
        Properties properties = new Properties();
        properties.setProperty("user", args[2]);
        properties.setProperty("password", args[3]);
        properties.setProperty("sslmode", "verify-full");
        properties.setProperty("sslrootcert", args[4]);
        String schema = args[5];
        try (Connection c = DriverManager.getConnection("jdbc:postgresql://" + args[0] + ":" + args[1] + "/dev", properties);
                Statement s = c.createStatement()) {
            System.setOut(new java.io.PrintStream(System.out, true, "UTF-8"));
            s.execute("set search_path to " + schema);
            System.out.println("server " + one(s, "show server_version")
                    + (one(s, "select version()").contains("Redshift") ? " Redshift" : ""));

            try (ResultSet r = s.executeQuery(args[6])) {
                r.next();
                DateTimeFormatter millis = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSS");
                r.getInt(12);
                System.out.println("types " + r.getShort(1) + " " + r.getInt(2) + " " + r.getLong(3) + " " + r.getBigDecimal(4) + " "
                        + r.getFloat(5) + " " + r.getDouble(6) + " " + r.getBoolean(7) + " " + r.getDate(8) + " "
                        + r.getTimestamp(9).toLocalDateTime().format(millis) + " [" + r.getString(10) + "] [" + r.getString(11) + "] "
                        + (r.wasNull() || r.getObject(12) == null ? "null" : "?"));
            }

            // More executions than prepareThreshold: from then on it is a named statement, with binary results.
            try (PreparedStatement p = c.prepareStatement("select ?::int + 1, ?::varchar(20)")) {
                for (int n = 0; n < 8; n++) {
                    p.setInt(1, 41);
                    p.setString(2, "h\u00e9llo");
                    if (n == 7) {
                        p.setInt(1, 42);
                        p.setNull(2, Types.VARCHAR);
                    }
                    try (ResultSet r = p.executeQuery()) {
                        r.next();
                        if (n >= 6) {
                            System.out.println("prepared " + r.getInt(1) + " " + r.getString(2));
                        }
                    }
                }
            }

            long count = 0, sum = 0;
            try (ResultSet r = s.executeQuery("select n, 'some text that makes the row longer' from numbers")) {
                while (r.next()) {
                    count++;
                    sum += r.getLong(1);
                }
            }
            System.out.println("rows " + count + " " + sum);

            try {
                s.executeQuery("select * from nowhere");
            } catch (SQLException e) {
                System.out.println("error " + e.getSQLState());
            }
            System.out.println("alive " + one(s, "select 1"));

            c.setAutoCommit(false);
            s.execute("create table kept (n int)");
            s.executeUpdate("insert into kept values (1), (2)");
            c.rollback();
            System.out.println("rollback "
                    + one(s, "select count(*) from svv_tables where table_name = 'kept' and table_schema = '" + schema + "'"));
            c.rollback();
            s.execute("create table kept (n int)");
            s.addBatch("insert into kept values (1)");
            s.addBatch("insert into kept values (2)");
            s.executeBatch();
            c.commit();
            System.out.println("commit " + one(s, "select count(*) from kept"));
            c.commit();
            c.setAutoCommit(true);

            s.setQueryTimeout(1);
            try {
                s.executeQuery("/* " + schema + " */ " + args[7]);
            } catch (SQLException e) {
                System.out.println("cancelled " + e.getSQLState());
            }
        }
    }

    static String one(Statement s, String query) throws SQLException {
        try (ResultSet r = s.executeQuery(query)) {
            r.next();
            return r.getString(1);
        }
    }
}
