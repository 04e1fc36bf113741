// Package fakeaws is the test double of AWS: one server that speaks the wire protocols of STS, EC2, IAM, SSM, Service
// Quotas, the price list and S3, so that an unchanged SDK with AWS_ENDPOINT_URL talks to it. It knows nothing of this
// project's other packages and is built into no product.
//
// [New] makes a [Cloud]; [Start] also listens on a port of loopback. [Cloud.Transport] serves an http.Client without a
// network, which lets a test run in a testing/synctest bubble. What an instance really is, a [Machines] decides: by
// default nothing but memory, in which a [Script] of the test answers the commands; [Docker] starts a container for
// each instance and really runs them.
//
// What is modelled: states of instances on the clock given, client tokens, tags and filters, security groups that are
// in use, profiles, the agent's registration, its cuts of output and its special exit codes (137, 168, 194), user data
// and the shutdown it asks for, eventual consistency, quotas, prices. Anything that can go wrong is a [Fault], injected
// from Go or over HTTP. [Cloud.State] and [Cloud.Calls] (and [ControlPath] of the server) tell what exists and what was
// asked.
//
// Nothing here was compared with AWS itself; the answers follow its documentation and the source of its agent.
package fakeaws
