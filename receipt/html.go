package receipt

// HTML is the receipt as one page.
func (r *Receipt) HTML() ([]byte, error) { return nil, nil }
