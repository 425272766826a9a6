package transfer

import (
	"context"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/sealift/sealift/internal/local/transfer/value"
)

// kinds tells PostgreSQL's built-in types apart; the stand-in's own are known by name.
var kinds = map[uint32]value.Kind{
	pgtype.BoolOID: value.Boolean, pgtype.Int2OID: value.SmallInt, pgtype.Int4OID: value.Integer, pgtype.Int8OID: value.BigInt,
	pgtype.NumericOID: value.Decimal, pgtype.Float4OID: value.Real, pgtype.Float8OID: value.Double,
	pgtype.BPCharOID: value.Char, pgtype.VarcharOID: value.Varchar, pgtype.TextOID: value.Varchar, pgtype.NameOID: value.Varchar,
	pgtype.UnknownOID: value.Varchar, pgtype.QCharOID: value.Varchar,
	pgtype.DateOID: value.Date, pgtype.TimeOID: value.Time, pgtype.TimetzOID: value.TimeTZ,
	pgtype.TimestampOID: value.Timestamp, pgtype.TimestamptzOID: value.TimestampTZ,
}

var ownKinds = map[string]value.Kind{"super": value.Super, "varbyte": value.Varbyte}

// typeNames are Redshift's own names of the kinds, as a manifest's schema has them.
var typeNames = map[value.Kind]string{
	value.Boolean: "boolean", value.SmallInt: "smallint", value.Integer: "integer", value.BigInt: "bigint",
	value.Decimal: "numeric", value.Real: "real", value.Double: "double precision",
	value.Char: "character", value.Varchar: "character varying",
	value.Date: "date", value.Time: "time without time zone", value.TimeTZ: "time with time zone",
	value.Timestamp: "timestamp without time zone", value.TimestampTZ: "timestamp with time zone",
	value.Super: "super", value.Varbyte: "binary varying",
}

const (
	maxVarchar     = 65535
	defaultVarbyte = 64000
)

// column makes a Column of a type of PostgreSQL. typeName is needed for types that are not built in.
func column(name string, oid uint32, typmod int32, typeName string) value.Column {
	kind, ok := kinds[oid]
	if !ok {
		kind = ownKinds[typeName]
	}
	c := value.Column{Name: name, Kind: kind, TypeName: typeNames[kind]}
	if kind == value.Other {
		c.TypeName = typeName
	}
	switch kind {
	case value.Char, value.Varchar:
		c.Length = maxVarchar
		if typmod >= 4 {
			c.Length = int(typmod) - 4
		}
	case value.Varbyte:
		c.Length = defaultVarbyte
		if typmod >= 0 {
			c.Length = int(typmod)
		}
	case value.Decimal:
		if typmod >= 4 {
			c.Precision, c.Scale = int(typmod-4)>>16, int(typmod-4)&0x7ff
		}
	default:
	}
	return c
}

// describe answers the columns of a query without running it.
func (p postgres) describe(ctx context.Context, sql string) ([]value.Column, error) {
	var described *pgconn.StatementDescription
	err := p.guard(ctx, func(ctx context.Context) (err error) {
		described, err = p.conn.Prepare(ctx, "", sql, nil)
		return err
	})
	if err != nil {
		return nil, err
	}
	names := map[uint32]string{}
	for _, f := range described.Fields {
		if _, ok := kinds[f.DataTypeOID]; !ok {
			names[f.DataTypeOID] = ""
		}
	}
	if len(names) > 0 {
		var oids []string
		for oid := range names {
			oids = append(oids, strconv.FormatUint(uint64(oid), 10))
		}
		rows, err := p.rows(ctx, "SELECT oid::text, typname FROM pg_catalog.pg_type WHERE oid = ANY($1::oid[])", "{"+strings.Join(oids, ",")+"}")
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			oid, err := strconv.ParseUint(*row[0], 10, 32)
			if err != nil {
				return nil, err
			}
			names[uint32(oid)] = *row[1]
		}
	}
	columns := make([]value.Column, len(described.Fields))
	for i, f := range described.Fields {
		columns[i] = column(f.Name, f.DataTypeOID, f.TypeModifier, names[f.DataTypeOID])
	}
	return columns, nil
}
