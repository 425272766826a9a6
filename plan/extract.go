package plan

// Extract is how the rows of a PostgreSQL server are read: the statement with the role Extracts answers them as CSV, texts in quotes.
type Extract struct {
	// Marker stands for NULL in what is staged.
	Marker string `json:"marker"`
	// Slices is how many parts are written at once, so that each slice of the target has one to read.
	Slices int `json:"slices"`
	// Counted are columns whose values are not compared, only which are NULL: the server and the target write them as other texts.
	Counted []string `json:"counted,omitempty"`
}
