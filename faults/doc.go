// Package faults runs the real program, two replicas of it, on a real PostgreSQL, under load and under faults: the database killed, hung, slow, full,
// out of connections or cut off; the program killed and drained; the model, webhooks and mail gone or wrong; a replica with a wrong clock. After each
// fault `partnerhub verify` must be clean. In the end nothing that was accepted is lost, nothing is doubled, and everybody got an answer, or was told
// that there is none.
//
// Faults, load and random choices follow from a seed, but not the moments at which they meet:
//
//	go test ./faults                                # each kind of fault once, of seed 5
//	go test ./faults -v -seed 7                     # again what failed
//	go test ./faults -v -for 10m                    # a time of one's own
//	go test ./faults -v -only disk_full             # one fault alone
//	go test -tags long ./faults -v -timeout 60m     # half an hour, of a seed of its own
package faults
