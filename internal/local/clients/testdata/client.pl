use strict;
use warnings;
use DBI;

# What DBD::Pg says of a table, a statement that is prepared and a transaction.
my ($host, $port, $user, $password) = @ARGV;
my $db = DBI->connect("dbi:Pg:dbname=dev;host=$host;port=$port;sslmode=verify-full", $user, $password, { RaiseError => 1, PrintError => 0 });
$db->do("create schema perl");
$db->do("create table perl.t (id int, n varchar(10), s super)");
print "tables ", join(", ", $db->tables("", "perl", "%", "TABLE")), "\n";
print "columns ", join(", ", map { "$_->{COLUMN_NAME} $_->{pg_type}" } @{ $db->column_info("", "perl", "t", "%")->fetchall_arrayref({}) }), "\n";
print "statistics ", $db->statistics_info(undef, "perl", "t", 0, 0)->fetchrow_arrayref->[6], "\n";
my $insert = $db->prepare("insert into perl.t values (?, ?, ?)");
$insert->execute($_, "n$_", '{"a": 1}') for 1 .. 2;
print "prepared ", join(" ", map { $_->[0] } @{ $db->selectall_arrayref("select json_typeof(s) from perl.t order by id") }), "\n";
$db->begin_work;
$db->do("delete from perl.t");
$db->rollback;
print "rolled back ", $db->selectrow_array("select count(*) from perl.t"), "\n";
$db->disconnect;
