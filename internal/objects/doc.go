// Package objects reads objects of S3 that somebody else wrote, as the inputs of a load: it finds what a URL means, and reads an object as a stream or
// anywhere in it, each request bound to the object as it was found. It only reads.
//
// It does not know what is in the objects, or where their records go.
package objects
