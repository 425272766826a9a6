package columnar

import (
	"slices"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/sealift/sealift/internal/local/transfer/jsontext"
)

// node is a column of the file that becomes JSON: a scalar, an object of its children, or a list. Values of nested
// columns lie in their leaves with levels that say how much of the path to them is there (definition) and which list
// goes on (repetition), as the Dremel paper has it.
type node struct {
	column   *parquet.Column
	children []*node
	leaf     *leaf // of a scalar
	shape    shape
}

type shape int

const (
	scalar shape = iota
	object
	list   // the one repeated child is the list; its one child, if it has one, is the element
	keyed  // a map whose keys are strings: an object
	tuples // a map with other keys: a list of objects
)

// newNode makes the tree of a column, whose leaves come in their order.
func newNode(c *parquet.Column, leaves []*leaf, next *int) (*node, bool) {
	n := &node{column: c}
	if c.Leaf() {
		n.leaf = leaves[*next]
		*next++
		return n, true
	}
	n.shape = object
	for _, child := range c.Columns() {
		tree, ok := newNode(child, leaves, next)
		if !ok {
			return nil, false
		}
		n.children = append(n.children, tree)
	}
	if len(n.children) == 0 {
		return nil, false
	}
	if len(n.children) == 1 && n.children[0].column.Repeated() && c.Type().LogicalType() != nil {
		entry := n.children[0]
		switch c.Type().LogicalType().Value.(type) {
		case *format.ListType:
			n.shape = list
		case *format.MapType:
			n.shape = tuples
			if len(entry.children) == 2 && entry.children[0].shape == scalar && entry.children[0].column.Type().Kind() == parquet.ByteArray {
				n.shape = keyed
			}
		}
	}
	return n, true
}

// first is the leaf whose levels speak for the whole node.
func (n *node) first() *leaf {
	for n.leaf == nil {
		n = n.children[0]
	}
	return n.leaf
}

// skip passes over the one value that each leaf has for something that is not there.
func (n *node) skip() error {
	if n.leaf != nil {
		_, err := n.leaf.next()
		return err
	}
	for _, c := range n.children {
		if err := c.skip(); err != nil {
			return err
		}
	}
	return nil
}

// definition answers how much of the path is there at the value that comes next.
func (n *node) definition() (int, error) {
	l := n.first()
	if err := l.fill(); err != nil {
		return 0, err
	}
	if l.ended {
		_, err := l.next()
		return 0, err
	}
	return l.buf[l.at].DefinitionLevel(), nil
}

// appendJSON appends the next value of the node. A repeated node is a list of its values.
func (n *node) appendJSON(dst []byte) ([]byte, error) {
	if n.column.Repeated() {
		return n.appendList(dst, n.appendOne)
	}
	return n.appendOne(dst)
}

// appendOne appends one value, one element if the node is repeated.
func (n *node) appendOne(dst []byte) ([]byte, error) {
	if n.leaf != nil {
		v, err := n.leaf.next()
		if err != nil {
			return dst, err
		}
		if v.IsNull() {
			return append(dst, "null"...), nil
		}
		return appendScalarJSON(dst, n.column.Type(), v)
	}
	level, err := n.definition()
	if err != nil {
		return dst, err
	}
	if level < n.column.MaxDefinitionLevel() {
		return append(dst, "null"...), n.skip()
	}
	switch n.shape {
	case list:
		entry := n.children[0]
		element := entry.appendOne
		if len(entry.children) == 1 && entry.shape == object {
			element = entry.children[0].appendJSON
		}
		return entry.appendList(dst, element)
	case keyed:
		return n.appendKeyed(dst)
	case tuples:
		return n.children[0].appendList(dst, n.children[0].appendOne)
	default:
	}
	dst = append(dst, '{')
	for i, c := range n.children {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(jsontext.AppendString(dst, []byte(c.column.Name())), ':')
		if dst, err = c.appendJSON(dst); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

// each calls element for every element of a repeated node.
func (n *node) each(element func() error) error {
	level, err := n.definition()
	if err != nil {
		return err
	}
	if level < n.column.MaxDefinitionLevel() {
		return n.skip()
	}
	for {
		if err := element(); err != nil {
			return err
		}
		l := n.first()
		if err := l.fill(); err != nil {
			return err
		}
		if l.ended || l.buf[l.at].RepetitionLevel() < n.column.MaxRepetitionLevel() {
			return nil
		}
	}
}

func (n *node) appendList(dst []byte, element func([]byte) ([]byte, error)) ([]byte, error) {
	dst = append(dst, '[')
	begin := len(dst)
	err := n.each(func() (err error) {
		if len(dst) > begin {
			dst = append(dst, ',')
		}
		dst, err = element(dst)
		return err
	})
	return append(dst, ']'), err
}

func (n *node) appendKeyed(dst []byte) ([]byte, error) {
	entry := n.children[0]
	key, val := entry.children[0], entry.children[1]
	dst = append(dst, '{')
	begin := len(dst)
	err := entry.each(func() error {
		if len(dst) > begin {
			dst = append(dst, ',')
		}
		k, err := key.leaf.next()
		if err != nil {
			return err
		}
		// The value may lie in a buffer that reading on reuses.
		dst = append(jsontext.AppendString(dst, slices.Clone(k.ByteArray())), ':')
		dst, err = val.appendJSON(dst)
		return err
	})
	return append(dst, '}'), err
}
