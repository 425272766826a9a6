// Package demo shows the whole of Sealift on one machine: it starts the stand-in, makes in it what an administrator
// would make in two AWS accounts (key, buckets, roles), fills the source warehouse, and then runs the program as a user
// would, with every command shown.
//
// It stands outside: it speaks to the stand-in through the AWS SDK and SQL only, and to Sealift through its command
// line. It calls nothing of Sealift's own packages.
//
// Start from Run.
package demo
