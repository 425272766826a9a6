package dialect

// Translate says what PostgreSQL must run in place of st.
func Translate(st Statement, env Env) Translation {
	switch st.Verb() {
	case "":
		if len(st.Significant()) == 0 {
			return Translation{Action: Empty}
		}
	case "COPY":
		return Translation{Action: Copy}
	case "UNLOAD":
		return Translation{Action: Unload}
	case "TRUNCATE":
		return Translation{SQL: st.Text, Commits: true}
	}
	return Translation{SQL: st.Text}
}
