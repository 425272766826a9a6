package dialect

import "strings"

// calls are the functions whose calls are written differently for PostgreSQL. What can be an ordinary function is one,
// in package catalog; here is only what takes bare keywords, any types or any number of arguments, and what is refused
// by name. Each is called with the index of the function's name.
var calls = map[string]func(x *script, i int){
	"nvl":              func(x *script, i int) { x.rename(i, "coalesce") },
	"nvl2":             rewriteNVL2,
	"decode":           rewriteDecode,
	"current_setting":  rewriteSetting,
	"set_config":       rewriteSetting,
	"convert":          rewriteConvert,
	"listagg":          rewriteListagg,
	"concat":           rewriteConcat,
	"collate":          rewriteCollate,
	"dateadd":          rewriteDateAdd,
	"date_add":         rewriteDateAdd,
	"datediff":         rewriteDatePart,
	"date_diff":        rewriteDatePart,
	"date_part":        rewriteDatePartCall,
	"datepart":         rewriteDatePartCall,
	"date_trunc":       rewriteDatePart,
	"extract":          rewriteExtract,
	"cast":             (*script).rewriteCastCall,
	"array":            rewriteArray,
	"object":           func(x *script, i int) { rewriteElements(x, i, "rs.super_object", "rs.object_element") },
	"object_transform": rewriteObjectTransform,
	"percentile_cont":  rewritePercentile,
	"percentile_disc":  rewritePercentile,
	"ratio_to_report":  rewriteRatioToReport,
	"first_value":      rewriteNullTreatment,
	"last_value":       rewriteNullTreatment,
	"lag":              rewriteNullTreatment,
	"lead":             rewriteNullTreatment,
	"nth_value":        rewriteNullTreatment,
	"strtol":           rewriteStrtol,
	"sha2":             rewriteSHA2,
	"json_serialize":   func(x *script, i int) { x.rename(i, "pg_catalog.json_serialize") }, // a keyword since PostgreSQL 17
	"nextval":          refuseCall,
	"currval":          refuseCall,
	"setval":           refuseCall,
	"try_cast":         rewriteTryCast,
	"array_contains":   rewriteArraySearch,
	"array_position":   rewriteArraySearch,
	"array_positions":  rewriteArraySearch,
}

// PostgreSQL's functions that came after 8.0, which Redshift has not: those of the manual's list of unsupported functions,
// and those of types that it has not.
var lacking = set(strings.Fields(`
	array_agg array_to_json clock_timestamp convert_from convert_to corr covar_pop covar_samp current_query div
	format gen_random_uuid generate_subscripts json_agg json_array json_array_elements json_array_elements_text
	json_build_array json_build_object json_each json_each_text json_extract_path json_object json_object_agg
	json_object_keys json_populate_record json_to_record jsonb_agg jsonb_array_elements jsonb_array_elements_text
	jsonb_array_length jsonb_build_array jsonb_build_object jsonb_each jsonb_each_text jsonb_extract_path
	jsonb_extract_path_text jsonb_object_agg jsonb_object_keys jsonb_path_query jsonb_pretty jsonb_set jsonb_typeof
	justify_days justify_hours justify_interval make_date make_interval make_time make_timestamp mode
	pg_conf_load_time pg_is_other_temp_schema pg_listening_channels pg_my_temp_schema pg_postmaster_start_time
	pg_trigger_depth quote_nullable regexp_match regexp_matches regexp_split_to_array regexp_split_to_table
	regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy row_to_json
	statement_timestamp string_agg string_to_table to_json to_jsonb to_tsquery to_tsvector transaction_timestamp
	unnest width_bucket xmlagg xmlelement`)...)

// notImitatedCalls are functions that Redshift has and the stand-in has not, beside those of GEOMETRY, GEOGRAPHY (ST_...) and
// HLLSKETCH.
var notImitatedCalls = set(strings.Fields(`
	addbbox change_query_priority change_session_priority change_user_priority default_iam_role
	dropbbox explain_model geometrytype hll hll_cardinality hll_combine hll_combine_sketches hll_create_sketch
	mask_get_policy_for_role_on_column mask_get_policy_for_user_on_column
	pg_get_grantee_by_iam_role pg_get_iam_role_by_user reboot_cluster size supportsbbox`)...)

// refuseCall refuses what PostgreSQL has and Redshift has not, and what the stand-in does not imitate.
func refuseCall(x *script, i int) {
	if !x.catalog {
		x.refuse(refusal("function %s is not supported", x.word(i)))
	}
}

// CURRENT_SETTING and SET_CONFIG know Redshift's parameters, not PostgreSQL's.
func rewriteSetting(x *script, i int) {
	if !x.catalog {
		x.rename(i, "rs."+x.word(i))
	}
}

// rename gives the call at i another function, dropping the schema in front of the old one.
func (x *script) rename(i int, name string) {
	if !x.is(i-1, ".") {
		x.replace(i, name)
		return
	}
	x.replace(i-2, name)
	x.drop(i-1, i+1)
}

// NVL2(a, b, c)
func rewriteNVL2(x *script, i int) {
	args := x.args(i + 1)
	if len(args) != 3 {
		return
	}
	x.rename(i, "CASE WHEN ")
	x.replace(args[0][1], ") IS NOT NULL THEN (")
	x.replace(args[1][1], ") ELSE (")
	x.endCase(args[2][1])
}

// endCase ends the CASE in place of the call whose bracket closes at i.
func (x *script) endCase(i int) {
	x.replace(i, ") END")
	if x.adjacent(i+1) && x.tok(i+1).Kind == Word {
		x.insertAfter(i, " ") // NVL2(a, b, c)d
	}
}

// DECODE(expression, search, result, ..., default), where NULL finds NULL.
func rewriteDecode(x *script, i int) {
	args := x.args(i + 1)
	if len(args) < 3 {
		return
	}
	x.rename(i, "CASE WHEN ")
	subject := piece{from: args[0][0], to: args[0][1]}
	x.replace(args[0][1], ") IS NOT DISTINCT FROM (")
	for n := 1; n < len(args); n++ {
		comma := args[n][1] // or the closing parenthesis
		switch last := n == len(args)-1; {
		case last:
			x.endCase(comma)
		case n%2 == 1:
			x.replace(comma, ") THEN (")
		case n == len(args)-2:
			x.replace(comma, ") ELSE (")
		default:
			x.replacePieces(comma, piece{text: ") WHEN ("}, subject, piece{text: ") IS NOT DISTINCT FROM ("})
		}
	}
}

// CONVERT(type, expression)
func rewriteConvert(x *script, i int) {
	args := x.args(i + 1)
	if len(args) != 2 {
		return
	}
	r, ok := x.readType(args[0][0])
	if !ok || r.to != args[0][1] {
		return
	}
	text, err := r.castType()
	if err != nil {
		x.refuse(err)
		return
	}
	if text == "" {
		text = x.render(r.from, r.to)
	}
	x.rename(i, "CAST")
	x.replace(i+1, "((")
	x.drop(r.from, r.to+1)
	x.replace(args[1][1], ") AS "+text+")")
}

// LISTAGG([DISTINCT] value [, delimiter]) [WITHIN GROUP (ORDER BY ...)]
func rewriteListagg(x *script, i int) {
	args := x.args(i + 1)
	if len(args) == 0 || len(args) > 2 {
		return
	}
	from, to := args[0][0], args[0][1]
	distinct := x.is(from, "DISTINCT")
	if distinct || x.is(from, "ALL") {
		from++
	}
	if from >= to {
		return
	}
	end := x.closing(i + 1)
	if by, last, over, close := x.within(i + 1); over >= 0 {
		x.listaggOver(i, distinct, from, to, by, last, over, close)
		return
	}
	x.rename(i, "rs.listagg_result(string_agg")
	value := x.render(from, to)
	x.insertBefore(from, "(")
	x.insertBefore(to, ")::text")
	if len(args) == 1 {
		x.insertBefore(end, ", ''")
	}
	if !x.is(end+1, "WITHIN", "GROUP", "(") {
		x.insertAfter(end, ")")
		return
	}
	order := end + 4
	x.replace(end, " ")
	x.drop(end+1, order)
	last := x.closing(end + 3)
	x.insertAfter(last, ")")
	if by := order + 2; distinct && x.is(order, "ORDER", "BY") {
		// PostgreSQL sorts distinct values only by what it aggregates.
		stop := last
		if x.isOne(stop-1, "ASC", "DESC") {
			stop--
		}
		if by < stop && x.render(by, stop) == value {
			x.insertBefore(by, "(")
			x.insertAfter(stop-1, ")::text")
		}
	}
}

// listaggOver writes LISTAGG(value from..to-1) WITHIN GROUP (ORDER BY by..last-1) OVER (...), which ends at close:
// PostgreSQL sorts what a window aggregate sees by the window's own order, and shows all of it with a frame.
func (x *script) listaggOver(i int, distinct bool, from, to, by, last, over, close int) {
	if distinct {
		x.refuse(notSupported("LISTAGG(DISTINCT ...) OVER"))
		return
	}
	end := x.closing(i + 1)
	x.rename(i, "rs.listagg_result(string_agg")
	x.insertBefore(from, "(")
	x.insertBefore(to, ")::text")
	if len(x.args(i+1)) == 1 {
		x.insertBefore(end, ", ''")
	}
	if by > 0 {
		x.drop(end+1, by)
		for k := by; k < last; k++ {
			x.edit(k).moved = true
		}
		x.drop(last, last+1)
		e := x.edit(close)
		e.before = append(e.before, piece{text: " ORDER BY "}, piece{from: by, to: last},
			piece{text: " ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING"})
	}
	x.insertAfter(close, ")")
}

// DATEADD(day, ...) and the like: the part is a bare word.
func rewriteDatePart(x *script, i int) {
	if name, ok := columnNames[x.word(i)]; ok {
		x.replace(i, name)
	}
	args := x.args(i + 1)
	if len(args) < 2 || args[0][1]-args[0][0] != 1 {
		return
	}
	if part, ok := dateParts[x.word(args[0][0])]; ok {
		x.replace(args[0][0], "'"+part+"'")
	}
}

// DATEADD(part, n, moment). Parts that are as long wherever they are come to the function without a part, whose body the
// planner puts in place of the call: the others look at the calendar for every value.
func rewriteDateAdd(x *script, i int) {
	if name, ok := columnNames[x.word(i)]; ok {
		x.replace(i, name)
	}
	args := x.args(i + 1)
	if len(args) == 3 && args[0][1]-args[0][0] == 1 {
		if span, ok := fixedParts[dateParts[x.word(args[0][0])]]; ok {
			x.drop(args[0][0], args[1][0])
			x.replace(args[2][1], ", '"+span+"'::interval)")
			return
		}
	}
	rewriteDatePart(x, i)
}

// columnNames are how a column is called that is the answer of a function of another name.
var columnNames = map[string]string{"dateadd": "date_add", "datediff": "date_diff"}

var fixedParts = map[string]string{
	"week": "7 days", "day": "1 day", "hour": "1 hour", "minute": "1 minute", "second": "1 second", "millisecond": "1 millisecond",
	"microsecond": "1 microsecond",
}

// EXTRACT(part FROM ...) answers a whole number; the column is called date_part. The part EPOCH is of type name, which
// makes the number a wide one.
func rewriteExtract(x *script, i int) {
	if x.catalog || !x.is(i+3, "FROM") {
		return
	}
	t := x.tok(i + 2)
	part, ok := t.Literal()
	if t.Kind == Word {
		part, ok = fold(t.Text), true
	}
	if !ok {
		return
	}
	if canonical, known := dateParts[part]; known {
		part = canonical
	}
	quoted := dollarQuote(part)
	if part == "epoch" {
		quoted += "::name"
	}
	x.rename(i, "rs.date_part")
	x.replace(i+2, quoted)
	x.replace(i+3, ",")
	x.edit(i + 3).joined = true
}

// DATE_PART(part, ...), also written DATEPART, answers the same number as a floating-point one; the column is called pgdate_part.
func rewriteDatePartCall(x *script, i int) {
	rewriteDatePart(x, i)
	if !x.catalog || x.is(i, "DATEPART") { // which is no function of PostgreSQL's
		x.rename(i, "pg_catalog.pgdate_part")
	}
}

// CONCAT(a, b) is NULL where one of them is; PostgreSQL's skips it.
func rewriteConcat(x *script, i int) {
	if args := x.args(i + 1); len(args) == 2 {
		x.rename(i, "rs.concat(")
		x.replace(args[0][1], ") || (")
		x.insertAfter(args[1][1], ")")
	}
}

// COLLATE(text, 'case_sensitive' | 'case_insensitive') overrides a text's collation.
func rewriteCollate(x *script, i int) {
	args := x.args(i + 1)
	if len(args) != 2 {
		x.refuse(syntaxError("COLLATE takes a text and the name of a collation"))
		return
	}
	name := args[1][0]
	collation := ""
	if value, ok := x.tok(name).Literal(); ok && args[1][1] == name+1 {
		switch fold(value) {
		case "case_sensitive", "cs":
			collation = `pg_catalog."default"`
		case "case_insensitive", "ci":
			collation, x.insensitively = insensitiveCollation, true
		}
	}
	if collation == "" {
		x.refuse(syntaxError("COLLATE takes 'case_sensitive' or 'case_insensitive', not %s", x.render(name, args[1][1])))
		return
	}
	x.rename(i, "((")
	x.edit(i + 1).joined = true
	x.replace(i+1, "")
	x.replace(args[0][1], ") COLLATE "+collation)
	x.drop(name, name+1)
}

// STRTOL(digits, 16), which digests call for every value of a table: what comes out of a hash has neither a sign nor
// 0x in front, so that the short way will do.
func rewriteStrtol(x *script, i int) {
	args := x.args(i + 1)
	if len(args) == 2 && hexDigits[x.word(args[0][0])] && x.is(args[0][0]+1, "(") &&
		args[1][1]-args[1][0] == 1 && x.tok(args[1][0]).Text == "16" {
		x.rename(i, "rs.strtol16")
		x.drop(args[0][1], args[1][1])
	}
}

// SHA2(text, 256), which masks call twice for every value: the number of bits needs no look at each call.
func rewriteSHA2(x *script, i int) {
	args := x.args(i + 1)
	if len(args) == 2 && args[1][1]-args[1][0] == 1 && x.tok(args[1][0]).Text == "256" {
		x.rename(i, "rs.sha256")
		x.drop(args[0][1], args[1][1])
	}
}

var hexDigits = set("substring", "substr", "left", "right", "md5", "sha", "sha1", "sha2", "func_sha1", "to_hex", "crc32")

// ARRAY(1, 'a', ...) makes a SUPER array; in the catalogs' SQL ARRAY(SELECT ...) is PostgreSQL's.
func rewriteArray(x *script, i int) {
	switch {
	case !x.isOne(i+2, "SELECT", "WITH"):
		rewriteElements(x, i, "rs.super_elements", "rs.array_element")
	case !x.catalog:
		x.refuse(notSupported("an ARRAY(SELECT ...) constructor"))
	}
}

// rewriteArraySearch makes the value that is looked for, of any type, SUPER.
func rewriteArraySearch(x *script, i int) {
	if args := x.args(i + 1); len(args) > 1 && !x.catalog {
		x.insertBefore(args[1][0], "rs.array_element(")
		x.insertAfter(args[1][1]-1, ")::super")
	}
}

// rewriteElements makes the arguments of the call at i, of any types, the elements of one array of JSON values.
func rewriteElements(x *script, i int, function, element string) {
	args := x.args(i + 1)
	x.rename(i, function)
	if len(args) == 0 {
		x.replace(i+1, "(ARRAY[")
		x.replace(x.closing(i+1), "]::json[])")
		return
	}
	x.replace(i+1, "(ARRAY["+element+"(")
	for _, a := range args[:len(args)-1] {
		x.replace(a[1], "), "+element+"(")
	}
	x.replace(x.closing(i+1), ")])")
}

// TRY_CAST(value AS type)
func rewriteTryCast(x *script, i int) {
	as := i + 2
	for end := x.closing(i + 1); as < end && !x.is(as, "AS"); as++ {
		if c := x.pair[as]; c > as {
			as = c
		}
	}
	x.rewriteCastCall(i)
	target := x.render(as+1, x.closing(i+1))
	x.rename(i, "CAST")
	x.insertAfter(i+1, "rs.try_cast(")
	if t := x.tok(i + 2); as == i+3 && (t.Kind == String || t.Kind == Param || t.Is("NULL")) && x.look(i+2).after == nil {
		x.insertAfter(i+2, "::text")
	}
	x.insertAfter(as-1, ", "+dollarQuote(target)+", NULL::"+target+")")
}

// OBJECT_TRANSFORM(input [KEEP path, ...] [SET path, value, ...])
func rewriteObjectTransform(x *script, i int) {
	end := x.closing(i + 1)
	keep, set := end, end
	for n := i + 2; n < end; n++ {
		switch {
		case x.is(n, "KEEP") && keep == end && set == end:
			keep = n
		case x.is(n, "SET") && set == end:
			set = n
		}
		if c := x.pair[n]; c > n {
			n = c
		}
	}
	x.rename(i, "rs.object_transform")
	var kept, paths []string
	if keep < end {
		for _, a := range x.list(keep+1, set) {
			kept = append(kept, x.render(a[0], a[1]))
		}
		x.drop(keep, set)
	}
	if set < end {
		parts := x.list(set+1, end)
		if len(parts)%2 != 0 {
			x.refuse(syntaxError("OBJECT_TRANSFORM wants a value for each path of SET"))
			return
		}
		for n := 0; n < len(parts); n += 2 {
			paths = append(paths, x.render(parts[n][0], parts[n][1]))
			x.drop(parts[n][0], parts[n][1]+1)
			from, to := parts[n+1][0], parts[n+1][1]
			x.edit(from).joined = true
			x.insertBefore(from, "rs.object_element(")
			if to < end {
				x.replace(to, "), ")
			} else {
				x.insertAfter(to-1, ")")
			}
		}
		x.replace(set, ", ARRAY["+strings.Join(kept, ", ")+"]::text[], ARRAY["+strings.Join(paths, ", ")+"]::text[], ARRAY[")
		x.edit(set).joined = true
		x.insertBefore(end, "]")
		return
	}
	x.insertBefore(end, ", ARRAY["+strings.Join(kept, ", ")+"]::text[], ARRAY[]::text[], ARRAY[]::json[]")
}

// dateParts maps the names of date parts (Redshift manual, Date parts for date or timestamp functions) to one each.
// rs.date_part_name of package catalog does the same for parts in quotes.
var dateParts = func() map[string]string {
	m := map[string]string{}
	for _, names := range []string{
		"millennium millennia mil mils",
		"century centuries c cent cents",
		"decade decades dec decs",
		"epoch",
		"year years y yr yrs",
		"quarter quarters qtr qtrs",
		"month months mon mons",
		"week weeks w",
		"dow dayofweek dw weekday",
		"doy dayofyear dy yearday",
		"day days d",
		"hour hours h hr hrs",
		"minute minutes m min mins",
		"second seconds s sec secs",
		"millisecond milliseconds ms msec msecs msecond mseconds millisec millisecs millisecon",
		"microsecond microseconds microsec microsecs usecond useconds us usec usecs",
		"timezone", "timezone_hour", "timezone_minute",
	} {
		fields := strings.Fields(names)
		for _, name := range fields {
			m[name] = fields[0]
		}
	}
	return m
}()
