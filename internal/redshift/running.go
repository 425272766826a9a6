package redshift

// RunningQuery counts the statements of a session that the warehouse shows as running (DG r_STV_RECENTS: pid is -1 once
// one is done). It answers one number.
func RunningQuery(pid int64) SQL {
	return Build("SELECT COUNT(*)\nFROM stv_recents\nWHERE pid = ? AND status = 'Running'", Int(pid))
}
