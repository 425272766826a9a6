package local

import (
	"net/url"
	"testing"
)

// What a user reads of a relation with a masking policy, in whatever statement, from the moment that the policy is attached by
// somebody else.
//
//standin:imitates policies of the database: masking policies are applied to what a query reads, by user and role, at once in every session | DG t_ddm
//standin:differs policies of the database: masking policies | do not reach through views and functions, nor statements that are prepared already or in a transaction under way, nor WHERE of UPDATE and DELETE; a column of a masked relation cannot be named with its schema | DG t_ddm-considerations
func TestMaskingPoliciesOfSessions(t *testing.T) {
	t.Parallel()
	c := users(standin)
	admin := c.session(t, nil)
	for _, sql := range []string{
		"create user masked_reader password 'Secret123'", "create schema masked", "grant usage, create on schema masked to masked_reader",
		"create table masked.people (id int, mail varchar(40))", "insert into masked.people values (1, 'a@x.org'), (2, null)",
		"create table masked.orders (id int, person int)", "insert into masked.orders values (7, 1)", "create table masked.more (id int, mail varchar(40))",
		"create table public.masked_bare (mail varchar(40))", "insert into public.masked_bare values ('b@x.org')",
		"grant select, insert, update, delete on masked.people, masked.orders, masked.more, public.masked_bare to masked_reader",
		"create masking policy masked_mail with (m varchar(40)) using (nvl2(m, 'x' || right(m, 4), null)::varchar(40))",
	} {
		admin.expect(sql, "")
	}
	reader := c.session(t, url.Values{"user": {"masked_reader"}, "password": {"Secret123"}})
	reader.expect("select mail from masked.people where id = 1", "a@x.org") // and remembered as a text that needs no change
	admin.expect("attach masking policy masked_mail on masked.people (mail) to masked_reader", "")
	admin.expect("attach masking policy masked_mail on masked_bare (mail) to public", "")
	// In this order: what one statement writes, a later one goes on with.
	for _, test := range []struct{ sql, want string }{
		{"select mail from masked.people where id = 1", "x.org"},
		{"select * from masked.people order by id", "1|x.org\n2|"},
		{`select "P".mail, people.id from "masked"."people" as "P", (select 5 as id) people where "P".id = 1`, "x.org|5"},
		{"select o.id, people.mail from masked.orders o join masked.people on people.id = o.person", "7|x.org"},
		{"select mail from masked_bare", "x.org"},
		{"select mail from public.masked_bare", "x.org"},
		{"with masked_bare as (select 'mine' as mail) select mail from masked_bare", "mine"},
		{"with w as (select * from masked.people) select count(*) from w where mail = 'x.org'", "1"},
		{"select count(*) from masked.people where mail like 'a@%'", "0"},
		{"select (select max(mail) from masked.people)", "x.org"},
		{"insert into masked.more select * from masked.people; select mail from masked.more where id = 1", "x.org"},
		{"create table masked.made as select mail from masked.people where id = 1; select * from masked.made", "x.org"},
		{"update masked.more set mail = p.mail from masked.people p where p.id = more.id; select max(mail) from masked.more", "x.org"},
	} {
		reader.expect(test.sql, test.want)
	}
	// What is written to is the table itself.
	reader.expect("delete from masked.people where id = 2; update masked.people set id = 3", "")
	admin.expect("select id, mail from masked.people", "3|a@x.org")
	admin.expect("select mail from masked_bare", "x.org") // everybody's

	admin.expect("begin; detach masking policy masked_mail on masked.people (mail) from masked_reader", "")
	reader.expect("select mail from masked.people", "x.org")
	admin.expect("commit", "")
	reader.expect("select mail from masked.people", "a@x.org")
}
