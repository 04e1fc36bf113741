// Package remote puts a service on machines that are rented for an hour,
// has it sized there, brings everything home and leaves nothing behind.
//
// It knows no cloud: what it asks of one is declared in remote/provider, and
// one folder beside it answers with an SDK. It knows no sizing either: `plimsoll size` runs
// as a child on the machine that makes the load, and the record that it
// writes is what remote brings home.
//
// What is true about machines is written on them as tags. The journal on disk
// is a hint that is written before each thing is made, so that a controller
// which was killed at any moment can be cleaned up after.
//
//	plan/       what will be done: types, images, prices, scripts; changes nothing
//	provision/  rents machines, keeps them alive, gives them back
//	watch/      Glances beside the service
//	cleanup/    finds and removes what runs left
//	journal/    the file of a run
//	script/     what machines run, and how
//	provider/   what is asked of a cloud
//	…/          a folder for each cloud that answers, and its double for tests
package remote
