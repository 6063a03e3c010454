// Keeps the rows of a Tidemark source in a bbolt file: a named consumer of its gRPC stream.
//
//	consume -server 127.0.0.1:7654 -source shop -consumer search-index -state rows.db
//	consume -state rows.db -dump
//
// It acknowledges only what is on disk, goes on where it stopped however it was stopped, and connects again with growing
// pauses. It ends with exit code 1 where a person has to act: the service's message says what to do.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"log"
	"math"
	"math/rand"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	pb "example.org/tidemark-consumer/tidemarkv1"
)

const (
	pauseLeast = 100 * time.Millisecond
	pauseMost  = 10 * time.Second
)

type options struct {
	server, source, consumer, state string
	ca, cert, key, tokenFile        string
	dump                            bool
}

// Trying again does not help.
func isFinal(err error) bool {
	switch status.Code(err) {
	case codes.OutOfRange, // the place is not retained any more
		codes.Aborted, // another stream took over the name, or it was moved
		codes.InvalidArgument, codes.NotFound, codes.FailedPrecondition, codes.PermissionDenied,
		codes.Unauthenticated, codes.Unimplemented:
		return true
	}
	return false
}

func transportCredentials(o *options) (credentials.TransportCredentials, error) {
	if o.ca == "" {
		return insecure.NewCredentials(), nil
	}
	authorities, err := os.ReadFile(o.ca)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
	if !config.RootCAs.AppendCertsFromPEM(authorities) {
		return nil, fmt.Errorf("%s: expected certificates of authorities, a PEM file", o.ca)
	}
	if o.cert != "" {
		ours, err := tls.LoadX509KeyPair(o.cert, o.key)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{ours}
	}
	return credentials.NewTLS(config), nil
}

func openConnection(o *options) (*grpc.ClientConn, error) {
	transport, err := transportCredentials(o)
	if err != nil {
		return nil, err
	}
	return grpc.NewClient(o.server, grpc.WithTransportCredentials(transport),
		// An event of more than 4 MiB comes alone.
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(math.MaxInt32)),
		// Notices a server that is gone without a word.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 30 * time.Second, Timeout: 15 * time.Second}))
}

func withToken(ctx context.Context, o *options) (context.Context, error) {
	if o.tokenFile == "" {
		return ctx, nil
	}
	text, err := os.ReadFile(o.tokenFile)
	if err != nil {
		return nil, err
	}
	token := strings.TrimSpace(strings.SplitN(string(text), "\n", 2)[0])
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token), nil
}

// session is one connection.
type session struct {
	*options
	store     *Store
	stream    pb.ChangeStreamClient
	consumers pb.ConsumersClient
	advanced  bool
}

// run returns only with an error.
func (c *session) run(ctx context.Context) error {
	if err := c.begin(ctx); err != nil {
		return err
	}
	stream, err := c.stream.Subscribe(ctx, &pb.SubscribeRequest{
		Source: c.source, Start: &pb.SubscribeRequest_Consumer{Consumer: c.consumer}})
	if err != nil {
		return err
	}
	for {
		response, err := stream.Recv()
		if err != nil {
			return err
		}
		next, err := c.store.Take(c.source, response.Events)
		if err != nil {
			return status.Errorf(codes.FailedPrecondition, "%s: %v", c.state, err)
		}
		if err := c.acknowledge(ctx, next-1); err != nil {
			return err
		}
		c.advanced = true
	}
}

// begin tells the service what we hold. It may know less, if we were killed in between; never more.
func (c *session) begin(ctx context.Context) error {
	next, err := c.store.Next(c.source)
	if err != nil {
		return err
	}
	if next > 1 {
		if err := c.acknowledge(ctx, next-1); err != nil {
			return err
		}
	}
	list, err := c.consumers.List(ctx, &pb.ListConsumersRequest{Source: c.source})
	if err != nil {
		return err
	}
	for _, known := range list.Consumers {
		if known.Name == c.consumer && known.AcknowledgedSequence >= next {
			return status.Errorf(codes.FailedPrecondition, "%s holds events up to %d, but %d was acknowledged: it is not the "+
				"file of this consumer, or an old copy. Remove it, delete the consumer (tidemark consumer delete %s), and take "+
				"a snapshot once this program runs again.", c.state, next-1, known.AcknowledgedSequence, known.Name)
		}
	}
	return nil
}

func (c *session) acknowledge(ctx context.Context, sequence uint64) error {
	_, err := c.stream.Acknowledge(ctx, &pb.AcknowledgeRequest{Source: c.source, Consumer: c.consumer, Sequence: sequence})
	return err
}

// connect is a new connection each time, so that renewed certificates and tokens are read.
func connect(o *options, store *Store) (advanced bool, err error) {
	connection, err := openConnection(o)
	if err != nil {
		return false, status.Error(codes.FailedPrecondition, err.Error())
	}
	defer connection.Close()
	ctx, err := withToken(context.Background(), o)
	if err != nil {
		return false, status.Error(codes.FailedPrecondition, err.Error())
	}
	c := &session{options: o, store: store,
		stream: pb.NewChangeStreamClient(connection), consumers: pb.NewConsumersClient(connection)}
	err = c.run(ctx)
	return c.advanced, err
}

func follow(o *options, store *Store) error {
	for pause := pauseLeast; ; {
		advanced, err := connect(o, store)
		if isFinal(err) {
			return err
		}
		log.Printf("%v; connecting again", err)
		if pause *= 2; advanced {
			pause = pauseLeast
		} else if pause > pauseMost {
			pause = pauseMost
		}
		time.Sleep(pause/2 + time.Duration(rand.Int63n(int64(pause/2))))
	}
}

func parseFlags() (*options, error) {
	o := &options{}
	flag.StringVar(&o.server, "server", "127.0.0.1:7654", "address of tidemarkd")
	flag.StringVar(&o.source, "source", "", "its name in tidemarkd's configuration")
	flag.StringVar(&o.consumer, "consumer", "", "under which the place is kept")
	flag.StringVar(&o.state, "state", "", "the bbolt file")
	flag.BoolVar(&o.dump, "dump", false, "print what the file holds, and end")
	flag.StringVar(&o.ca, "ca", "", "use TLS, with the authorities in this PEM file")
	flag.StringVar(&o.cert, "cert", "", "our certificate, a PEM file")
	flag.StringVar(&o.key, "key", "", "its key, a PEM file")
	flag.StringVar(&o.tokenFile, "token-file", "", "send the token in this file")
	flag.Parse()
	if o.state == "" || (!o.dump && (o.source == "" || o.consumer == "")) {
		return nil, errors.New("-state, -source and -consumer are required")
	}
	return o, nil
}

func run() error {
	o, err := parseFlags()
	if err != nil {
		return err
	}
	store, err := OpenStore(o.state)
	if err != nil {
		return err
	}
	if o.dump {
		return store.Dump(func(text string) { fmt.Println(text) })
	}
	return follow(o, store)
}

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}
