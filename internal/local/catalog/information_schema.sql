-- The information_schema without schema rs, and with the recorded keys for constraints.

-- rs.narrow puts a condition on one of its views, and has it show materialized views as views, with the text that PG_GET_VIEWDEF
-- answers; a second time it changes nothing.
CREATE OR REPLACE FUNCTION rs.narrow(view text, condition text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	definition constant text := rtrim(pg_get_viewdef(format('information_schema.%I', view)::regclass), ';');
BEGIN
	IF position('kept' IN definition) = 0 THEN
		EXECUTE format('CREATE OR REPLACE VIEW information_schema.%I AS SELECT * FROM (%s) kept WHERE %s', view,
			replace(replace(replace(definition, 'ARRAY[''r''::"char", ''v''::"char"', 'ARRAY[''r''::"char", ''v''::"char", ''m''::"char"'),
				'c.relkind = ''v''::"char"', 'c.relkind = ANY (ARRAY[''v''::"char", ''m''::"char"])'),
				'rs.pg_get_viewdef(', 'pg_catalog.pg_get_viewdef('), condition);
	END IF;
END $$;
REVOKE ALL ON FUNCTION rs.narrow(text, text) FROM PUBLIC;
SELECT rs.narrow('tables', $$table_schema <> 'rs'$$), rs.narrow('columns', $$table_schema <> 'rs'
		-- A late-binding view has no columns there.
		AND (table_schema, table_name) NOT IN (SELECT n.nspname, c.relname FROM rs.late_binding_view b
			JOIN pg_catalog.pg_class c ON c.oid = b.relid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace)$$),
	rs.narrow('views', $$table_schema <> 'rs'$$), rs.narrow('schemata', $$schema_name <> 'rs'$$),
	rs.narrow('table_privileges', $$table_schema <> 'rs'$$), rs.narrow('column_privileges', $$table_schema <> 'rs'$$),
	rs.narrow('routines', $$specific_schema <> 'rs'$$), rs.narrow('sequences', 'false'),
	rs.narrow('check_constraints', 'false'), rs.narrow('constraint_table_usage', 'false');

CREATE OR REPLACE VIEW information_schema.table_constraints AS
	SELECT current_database()::information_schema.sql_identifier AS constraint_catalog,
		n.nspname::information_schema.sql_identifier AS constraint_schema, c.conname::information_schema.sql_identifier AS constraint_name,
		current_database()::information_schema.sql_identifier AS table_catalog,
		n.nspname::information_schema.sql_identifier AS table_schema, r.relname::information_schema.sql_identifier AS table_name,
		(CASE k.kind WHEN 'p' THEN 'PRIMARY KEY' WHEN 'u' THEN 'UNIQUE' ELSE 'FOREIGN KEY' END)::information_schema.character_data AS constraint_type,
		'NO'::information_schema.yes_or_no AS is_deferrable, 'NO'::information_schema.yes_or_no AS initially_deferred,
		'NO'::information_schema.yes_or_no AS enforced,
		NULL::information_schema.yes_or_no AS nulls_distinct
	FROM rs.key k JOIN pg_catalog.pg_constraint c ON c.oid = k.conoid JOIN pg_catalog.pg_class r ON r.oid = k.relid
	JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace;
CREATE OR REPLACE VIEW information_schema.key_column_usage AS
	SELECT t.constraint_catalog, t.constraint_schema, t.constraint_name, t.table_catalog, t.table_schema, t.table_name,
		a.attname::information_schema.sql_identifier AS column_name, position::information_schema.cardinal_number AS ordinal_position,
		(CASE k.kind WHEN 'f' THEN position END)::information_schema.cardinal_number AS position_in_unique_constraint
	FROM rs.key k JOIN pg_catalog.pg_constraint c ON c.oid = k.conoid JOIN pg_catalog.pg_class r ON r.oid = k.relid
	JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
	JOIN information_schema.table_constraints t ON t.table_schema = n.nspname AND t.table_name = r.relname AND t.constraint_name = c.conname
	CROSS JOIN LATERAL unnest(k.conkey) WITH ORDINALITY AS u (number, position)
	JOIN pg_catalog.pg_attribute a ON a.attrelid = k.relid AND a.attnum = u.number;
CREATE OR REPLACE VIEW information_schema.constraint_column_usage AS
	SELECT current_database()::information_schema.sql_identifier AS table_catalog,
		n.nspname::information_schema.sql_identifier AS table_schema, r.relname::information_schema.sql_identifier AS table_name,
		a.attname::information_schema.sql_identifier AS column_name,
		current_database()::information_schema.sql_identifier AS constraint_catalog,
		cn.nspname::information_schema.sql_identifier AS constraint_schema, c.conname::information_schema.sql_identifier AS constraint_name
	FROM rs.key k JOIN pg_catalog.pg_constraint c ON c.oid = k.conoid
	JOIN pg_catalog.pg_class r ON r.oid = CASE k.kind WHEN 'f' THEN k.confrelid ELSE k.relid END
	JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace JOIN pg_catalog.pg_namespace cn ON cn.oid = c.connamespace
	JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND a.attnum = ANY (CASE k.kind WHEN 'f' THEN k.confkey ELSE k.conkey END);
CREATE OR REPLACE VIEW information_schema.referential_constraints AS
	SELECT current_database()::information_schema.sql_identifier AS constraint_catalog,
		fk_schema_name::information_schema.sql_identifier AS constraint_schema, fk_name::information_schema.sql_identifier AS constraint_name,
		current_database()::information_schema.sql_identifier AS unique_constraint_catalog,
		pk_schema_name::information_schema.sql_identifier AS unique_constraint_schema,
		pk_name::information_schema.sql_identifier AS unique_constraint_name, 'NONE'::information_schema.character_data AS match_option,
		'NO ACTION'::information_schema.character_data AS update_rule, 'NO ACTION'::information_schema.character_data AS delete_rule
	FROM rs.foreign_key WHERE key_seq = 1;
