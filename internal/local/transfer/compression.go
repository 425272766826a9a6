package transfer

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/sealift/sealift/internal/local/transfer/command"
	"github.com/sealift/sealift/internal/local/transfer/value"
)

// preset answers the encoding that automatic compression picks for a type without looking at the data (Redshift manual,
// COPY data load operations, COMPUPDATE PRESET); "" leaves the column as it is.
func preset(kind value.Kind, sortKey bool) string {
	switch kind {
	case value.Boolean, value.Real, value.Double:
		return "raw"
	case value.SmallInt, value.Integer, value.BigInt, value.Decimal, value.Date, value.Time, value.TimeTZ, value.Timestamp, value.TimestampTZ:
		if sortKey {
			return "raw"
		}
		return "az64"
	case value.Char, value.Varchar:
		if sortKey {
			return "raw"
		}
		return "lzo"
	default:
		return ""
	}
}

// compress replaces encodings as COMPUPDATE does when the table was empty: with ON and PRESET all of them, without the
// option only if nobody chose any but RAW. A table that is ENCODE AUTO has these encodings already. Nothing is sampled:
// the stand-in has no blocks to compress.
func (l *load) compress(ctx context.Context, p postgres) error {
	if l.CompUpdate == command.Off || !l.table.empty || !l.table.mine || l.Format == command.Parquet {
		return nil
	}
	rows, err := p.rows(ctx, `
		SELECT a.attname, coalesce(c.encoding, ''), (coalesce(c.sortkey, 0) <> 0)::text
		FROM pg_catalog.pg_attribute a
		JOIN pg_catalog.pg_class r ON r.oid = a.attrelid AND r.relpersistence = 'p'
		JOIN rs.table_attribute t ON t.relid = a.attrelid AND NOT t.encode_auto
		LEFT JOIN rs.column_attribute c ON c.relid = a.attrelid AND c.attnum = a.attnum
		WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped
		ORDER BY a.attnum`, strconv.FormatUint(uint64(l.table.oid), 10))
	if err != nil {
		return fmt.Errorf("read encodings: %w", err)
	}
	encodings := map[string]string{}
	for i, row := range rows {
		if l.CompUpdate == command.Unsaid && *row[1] != "" && *row[1] != "raw" {
			return nil
		}
		if e := preset(l.table.columns[i].Kind, *row[2] == "true"); e != "" {
			encodings[*row[0]] = e
		}
	}
	if len(encodings) == 0 {
		return nil
	}
	spec, err := json.Marshal(map[string]any{"encodings": encodings})
	if err != nil {
		return err
	}
	if _, err := p.rows(ctx, "SELECT rs.alter_table($1::oid::regclass, $2::jsonb, '{}')", strconv.FormatUint(uint64(l.table.oid), 10), string(spec)); err != nil {
		return fmt.Errorf("set encodings: %w", err)
	}
	return nil
}
