package redshift

// LedgerSchema holds Sealift's own tables in the target. They are never moved.
const LedgerSchema = "sealift"

// Sealift's own tables: the ledger has a row, the marker, for each publish, written in the transaction that publishes;
// the fence says which process may publish a table.
var (
	Ledger = own("ledger")
	Fence  = own("fence")
)

func own(name string) Table {
	t, err := NewTable(LedgerSchema, name)
	if err != nil {
		panic("redshift: " + err.Error()) // constants
	}
	return t
}

// CreateLedger makes both tables where they are missing.
func CreateLedger() []SQL {
	return []SQL{
		Build(`CREATE TABLE IF NOT EXISTS ? (
    marker VARCHAR(64) NOT NULL,
    run VARCHAR(64) NOT NULL,
    target VARCHAR(1024) NOT NULL,
    row_count BIGINT NOT NULL,
    digest VARCHAR(64) NOT NULL,
    published_at TIMESTAMP NOT NULL DEFAULT SYSDATE
)
DISTSTYLE ALL`, Ledger),
		Build(`CREATE TABLE IF NOT EXISTS ? (
    target VARCHAR(1024) NOT NULL,
    holder VARCHAR(64) NOT NULL,
    touched_at TIMESTAMP NOT NULL DEFAULT SYSDATE
)
DISTSTYLE ALL`, Fence),
	}
}

// ContentQuery counts the loads of the same content into a table that the ledger has. Marker rows of copies have digests
// of rows, which are never those of files.
func ContentQuery(target, digest Fragment) SQL {
	return Build("SELECT COUNT(*)\nFROM ?\nWHERE target = ? AND digest = ?", Ledger, target, digest)
}

// SlicesQuery asks how many files a cluster reads at once. Workgroups do not have this view.
func SlicesQuery() SQL { return Build("SELECT COUNT(*) FROM stv_slices") }

// MarkerQuery asks whether the transaction that was to leave a marker has committed: it answers 0 or 1. Only the answer
// to a session that began after the transaction's own was over is final.
func MarkerQuery(marker string) SQL {
	return Build("SELECT COUNT(*)\nFROM ?\nWHERE marker = ?", Ledger, Lit(marker))
}
