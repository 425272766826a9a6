-- The session parameters of Redshift (Redshift manual, Configuration reference) and their defaults: SHOW reads them
-- here. Those that PostgreSQL does not have are kept as rs.name; package dialect has the same list.

CREATE OR REPLACE VIEW rs.parameter AS
	SELECT name, coalesce(CASE
			WHEN name = 'statement_timeout' THEN (SELECT s.setting FROM pg_catalog.pg_settings s WHERE s.name = 'statement_timeout')
			WHEN native THEN current_setting(name, true)
			ELSE nullif(current_setting('rs.' || name, true), '') END, initial) AS setting, native
	FROM (VALUES
		('analyze_threshold_percent', false, '10'),
		('application_name', true, ''),
		('cast_super_null_on_error', false, 'on'),
		('client_encoding', true, 'UTF8'),
		('client_min_messages', true, 'notice'),
		('datashare_break_glass_session_var', false, ''),
		('datestyle', true, 'ISO, MDY'),
		('default_array_search_null_handling', false, 'on'),
		('default_geometry_encoding', false, '1'),
		('describe_field_name_in_uppercase', false, 'off'),
		('downcase_delimited_identifier', false, 'on'),
		('enable_case_sensitive_identifier', false, 'off'),
		('enable_case_sensitive_super_attribute', false, 'off'),
		('enable_large_strings_opt_in', false, 'off'),
		('enable_numeric_rounding', false, 'on'),
		('enable_result_cache_for_session', false, 'on'),
		('enable_vacuum_boost', false, 'off'),
		('error_on_nondeterministic_update', false, 'off'),
		('extra_float_digits', true, '0'),
		('interval_forbid_composite_literals', false, 'on'),
		('json_parse_dedup_attributes', false, 'off'),
		('json_parse_truncate_strings', false, 'off'),
		('json_serialization_enable', false, 'off'),
		('json_serialization_parse_nested_strings', false, 'off'),
		('max_concurrency_scaling_clusters', false, '1'),
		('max_cursor_result_set_size', false, '0'),
		('mv_enable_aqmv_for_session', false, 'on'),
		('navigate_super_null_on_error', false, 'on'),
		('parse_super_null_on_error', false, 'off'),
		('pg_federation_repeatable_read', false, 'on'),
		('query_group', false, 'default'),
		('search_path', true, '"$user", public'),
		('server_version', false, '8.0.2'),
		('spectrum_enable_pseudo_columns', false, 'on'),
		('spectrum_query_maxerror', false, '-1'),
		('statement_timeout', true, '0'),
		('stored_proc_log_min_messages', false, 'LOG'),
		('timezone', true, 'UTC'),
		('use_fips_ssl', false, 'off'),
		('wlm_query_slot_count', false, '1')) AS p (name, native, initial);
GRANT SELECT ON rs.parameter TO PUBLIC;

-- CURRENT_SETTING and SET_CONFIG of users (package dialect): Redshift's parameters, and variables of two parts. What the
-- server itself follows is changed by SET only.
CREATE OR REPLACE FUNCTION rs.current_setting(name text, missing_ok boolean DEFAULT false) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
	value text := (SELECT setting FROM rs.parameter p WHERE p.name = lower($1));
BEGIN
	IF value IS NULL AND (name NOT LIKE '%.%' OR name ILIKE 'rs.%') AND NOT missing_ok THEN
		RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('unrecognized configuration parameter "%s"', name);
	END IF;
	RETURN coalesce(value, CASE WHEN name LIKE '%.%' AND name NOT ILIKE 'rs.%' THEN pg_catalog.current_setting(name, missing_ok) END);
END $$;
CREATE OR REPLACE FUNCTION rs.set_config(name text, value text, is_local boolean) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	own constant boolean := (SELECT p.native FROM rs.parameter p WHERE p.name = lower($1));
BEGIN
	IF lower(name) = 'enable_case_sensitive_identifier' THEN
		RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = 'set_config of enable_case_sensitive_identifier is not supported: use SET';
	ELSIF own IS NULL AND (name NOT LIKE '%.%' OR name ILIKE 'rs.%') OR lower(name) IN ('server_version', 'enable_large_strings_opt_in') THEN
		RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('unrecognized configuration parameter "%s"', name);
	END IF;
	RETURN pg_catalog.set_config(CASE WHEN own THEN lower(name) WHEN NOT own THEN 'rs.' || lower(name) ELSE name END, value, is_local);
END $$;
