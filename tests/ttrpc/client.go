// SPDX-License-Identifier: MIT

// A client of gpalayoutd that shares no code with it: containerd's ttrpc, with messages and stubs
// that its generator makes from gpalayout.proto. test_go.py builds and runs it.
//
//	client SOCKET calls   makes each call of the standard input, one JSON object a line, and
//	                      prints its outcome
//	client SOCKET CASE    runs one of the cases below, and fails if a promise is broken
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/containerd/ttrpc"
	"github.com/gogo/protobuf/jsonpb"
	"github.com/gogo/protobuf/proto"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"gpalayout/v1"
)

const (
	service    = "gpalayout.v1.Layouts"
	messageMax = 4 << 20
	inFlight   = 50
	forever    = 3600 * 1000 // ms
)

var cases = map[string]func(path string) error{
	"calls":           calls,
	"in-flight":       manyInFlight,
	"request-size":    requestSize,
	"reply-size":      replySize,
	"cancel":          cancelled,
	"deadline":        deadline,
	"timeout":         timeout,
	"unknown":         unknown,
	"metadata":        metadata,
	"two-connections": twoConnections,
}

func main() {
	if len(os.Args) != 3 || cases[os.Args[2]] == nil {
		fmt.Fprintln(os.Stderr, "usage: client SOCKET CASE")
		os.Exit(2)
	}
	if err := cases[os.Args[2]](os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// A connection that counts the messages sent over it, so that a case can wait for them.
type watched struct {
	net.Conn
	header []byte
	body   int
	sent   chan struct{}
}

func (w *watched) Write(data []byte) (int, error) {
	n, err := w.Conn.Write(data)
	for rest := data[:n]; len(rest) > 0; {
		if w.body == 0 {
			take := minimum(10-len(w.header), len(rest))
			w.header, rest = append(w.header, rest[:take]...), rest[take:]
			if len(w.header) < 10 {
				continue
			}
			w.body = int(w.header[0])<<24 | int(w.header[1])<<16 | int(w.header[2])<<8 | int(w.header[3])
			w.header = nil
		}
		take := minimum(w.body, len(rest))
		w.body, rest = w.body-take, rest[take:]
		if w.body == 0 {
			w.sent <- struct{}{}
		}
	}
	return n, err
}

func minimum(a, b int) int {
	if a < b {
		return a
	}
	return b
}

type connection struct {
	*ttrpc.Client
	gpalayout.LayoutsService
	sent chan struct{}
}

func (c *connection) waitSent(count int) {
	for i := 0; i < count; i++ {
		<-c.sent
	}
}

func connect(path string, options ...ttrpc.ClientOpts) (*connection, error) {
	conn, err := net.Dial("unix", path)
	if err != nil {
		return nil, err
	}
	w := &watched{Conn: conn, sent: make(chan struct{}, 1024)}
	client := ttrpc.NewClient(w, options...)
	return &connection{client, gpalayout.NewLayoutsClient(client), w.sent}, nil
}

// Sets the timeout in the request itself, because the client library cannot send every value.
func withTimeout(ns int64) ttrpc.ClientOpts {
	return ttrpc.WithUnaryClientInterceptor(func(ctx context.Context, request *ttrpc.Request,
		response *ttrpc.Response, _ *ttrpc.UnaryClientInfo, invoke ttrpc.Invoker) error {
		request.TimeoutNano = ns
		return invoke(ctx, request, response)
	})
}

func memory(gib uint64) *gpalayout.Request {
	return &gpalayout.Request{Arch: "x86_64", Memory: &gpalayout.MemoryRequest{Nodes: []uint64{gib << 30}}}
}

func waitSince(revision int64) *gpalayout.WaitEventsRequest {
	return &gpalayout.WaitEventsRequest{
		OptionalSince:     &gpalayout.WaitEventsRequest_Since{Since: revision},
		OptionalTimeoutMs: &gpalayout.WaitEventsRequest_TimeoutMs{TimeoutMs: forever},
	}
}

// Checks that the connection is still good: the reply to the next call is right.
func goesOn(c *connection) error {
	reply, err := c.Resolve(context.Background(), &gpalayout.ResolveRequest{Request: memory(7)})
	if err != nil {
		return fmt.Errorf("the next call: %w", err)
	}
	if reply.Layout == nil || reply.Layout.RamSize != 7<<30 {
		return fmt.Errorf("the next call has another's reply: %v", reply)
	}
	return nil
}

func revisionOf(c *connection) (int64, error) {
	reply, err := c.List(context.Background(), &gpalayout.ListRequest{})
	if err != nil {
		return 0, err
	}
	return reply.Revision, nil
}

func errorData(err error) (*status.Status, *gpalayout.ErrorData, error) {
	refusal, ok := status.FromError(err)
	if !ok || err == nil {
		return nil, nil, fmt.Errorf("a Status was expected, not %v", err)
	}
	details := refusal.Proto().Details
	if len(details) != 1 {
		return nil, nil, fmt.Errorf("%d details: %v", len(details), err)
	}
	if details[0].TypeUrl != "type.googleapis.com/gpalayout.v1.ErrorData" {
		return nil, nil, fmt.Errorf("details of type %s", details[0].TypeUrl)
	}
	data := &gpalayout.ErrorData{}
	return refusal, data, proto.Unmarshal(details[0].Value, data)
}

func expectRefusal(what string, err error, code codes.Code, reason string) error {
	refusal, data, fault := errorData(err)
	if fault != nil {
		return fmt.Errorf("%s: %w", what, fault)
	}
	if refusal.Code() != code || data.Reason != reason || refusal.Message() == "" {
		return fmt.Errorf("%s: status %d, reason %s, message %q", what, refusal.Code(), data.Reason,
			refusal.Message())
	}
	return nil
}

// Calls from the standard input, and their outcomes.

type callLine struct {
	Rpc    string
	Params json.RawMessage
}

type endLine struct {
	Reply   json.RawMessage `json:"reply,omitempty"`
	Status  codes.Code      `json:"status,omitempty"`
	Message string          `json:"message,omitempty"`
	Data    json.RawMessage `json:"data,omitempty"`
}

func toJSON(message proto.Message) (json.RawMessage, error) {
	var text bytes.Buffer
	marshaler := jsonpb.Marshaler{OrigName: true}
	err := marshaler.Marshal(&text, message)
	return text.Bytes(), err
}

func call(c *connection, line callLine) (end endLine, err error) {
	stub := reflect.ValueOf(c.LayoutsService).MethodByName(line.Rpc)
	if !stub.IsValid() {
		return end, fmt.Errorf("no rpc %s", line.Rpc)
	}
	request := reflect.New(stub.Type().In(1).Elem())
	if err := jsonpb.Unmarshal(bytes.NewReader(line.Params), request.Interface().(proto.Message)); err != nil {
		return end, fmt.Errorf("%s: %w", line.Params, err)
	}
	results := stub.Call([]reflect.Value{reflect.ValueOf(context.Background()), request})
	if results[1].IsNil() {
		end.Reply, err = toJSON(results[0].Interface().(proto.Message))
		return end, err
	}
	refusal, data, err := errorData(results[1].Interface().(error))
	if err != nil {
		return end, err
	}
	end.Status, end.Message = refusal.Code(), refusal.Message()
	end.Data, err = toJSON(data)
	return end, err
}

func calls(path string) error {
	c, err := connect(path)
	if err != nil {
		return err
	}
	input, output := bufio.NewReader(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		text, err := input.ReadBytes('\n')
		if err != nil {
			return nil
		}
		var line callLine
		if err := json.Unmarshal(text, &line); err != nil {
			return err
		}
		end, err := call(c, line)
		if err != nil {
			return err
		}
		if err := output.Encode(end); err != nil {
			return err
		}
	}
}

// Cases.

// Many WaitEvents calls and as many other calls are in flight on one connection. Each other call
// gets its own reply, and each WaitEvents gets the one event that follows.
func manyInFlight(path string) error {
	c, err := connect(path)
	if err != nil {
		return err
	}
	for i := 0; i < inFlight/2; i++ {
		name := fmt.Sprintf("before-%d", i)
		if _, err := c.Create(context.Background(), &gpalayout.CreateRequest{Name: name, Request: memory(1)}); err != nil {
			return err
		}
	}
	revision, err := revisionOf(c)
	if err != nil {
		return err
	}
	for len(c.sent) > 0 {
		<-c.sent
	}
	waits := make(chan error, inFlight)
	for i := 0; i < inFlight; i++ {
		go func() {
			reply, err := c.WaitEvents(context.Background(), waitSince(revision))
			if err == nil && (len(reply.Events) != 1 || reply.Events[0].Name != "after" ||
				reply.Events[0].Event != "created" || reply.Revision != revision+1) {
				err = fmt.Errorf("a wait was answered with %v", reply)
			}
			waits <- err
		}()
	}
	c.waitSent(inFlight)
	done := make(chan error, inFlight)
	for i := 0; i < inFlight; i++ {
		go func(i int) { done <- ownReply(c, i) }(i)
	}
	for i := 0; i < inFlight; i++ {
		if err := <-done; err != nil {
			return err
		}
	}
	if len(waits) > 0 {
		return fmt.Errorf("a wait ended before there was an event: %v", <-waits)
	}
	if _, err := c.Create(context.Background(), &gpalayout.CreateRequest{Name: "after", Request: memory(1)}); err != nil {
		return err
	}
	for i := 0; i < inFlight; i++ {
		if err := <-waits; err != nil {
			return err
		}
	}
	return goesOn(c)
}

// Makes one of many calls of several methods. No two of them have the same reply.
func ownReply(c *connection, i int) error {
	name := fmt.Sprintf("before-%d", i/2)
	gib := uint64(i + 1)
	if i%2 == 1 {
		reply, err := c.Get(context.Background(), &gpalayout.GetRequest{Name: name})
		if err == nil && reply.Name != name {
			err = fmt.Errorf("the reply for %s is that for %s", name, reply.Name)
		}
		return err
	}
	reply, err := c.Resolve(context.Background(), &gpalayout.ResolveRequest{Request: memory(gib)})
	if err == nil && reply.Layout.RamSize != gib<<30 {
		err = fmt.Errorf("the reply for %d GiB is that for %d bytes", gib, reply.Layout.RamSize)
	}
	return err
}

// Returns the request for a layout whose name is so long that the message has `size` bytes.
func getOfSize(size int) (*gpalayout.GetRequest, error) {
	message := func(length int) *gpalayout.GetRequest {
		return &gpalayout.GetRequest{Name: strings.Repeat("a", length)}
	}
	for length := size - 64; length < size; length++ {
		payload, err := proto.Marshal(message(length))
		if err != nil {
			return nil, err
		}
		whole, err := proto.Marshal(&ttrpc.Request{Service: service, Method: "Get", Payload: payload})
		if err != nil {
			return nil, err
		}
		if len(whole) == size {
			return message(length), nil
		}
	}
	return nil, fmt.Errorf("no request has %d bytes", size)
}

func requestSize(path string) error {
	c, err := connect(path)
	if err != nil {
		return err
	}
	for _, want := range []struct {
		size   int
		code   codes.Code
		reason string
	}{
		{messageMax, codes.InvalidArgument, "bad_name"},
		{messageMax + 1, codes.ResourceExhausted, "message_too_large"},
		{3 * messageMax, codes.ResourceExhausted, "message_too_large"},
	} {
		request, err := getOfSize(want.size)
		if err != nil {
			return err
		}
		what := fmt.Sprintf("a message of %d bytes", want.size)
		_, err = c.Get(context.Background(), request)
		if err := expectRefusal(what, err, want.code, want.reason); err != nil {
			return err
		}
		if err := goesOn(c); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	return nil
}

// The names of the root complexes are so long that the reply, which repeats them, is too long.
func replySize(path string) error {
	c, err := connect(path)
	if err != nil {
		return err
	}
	request := memory(4)
	request.Pcie = &gpalayout.PcieRequest{
		OptionalEcam: &gpalayout.PcieRequest_Ecam{Ecam: "above-4gib"},
	}
	none := &gpalayout.Window{OptionalNone: &gpalayout.Window_None{None: true}}
	cxl := &gpalayout.CxlRequest{OptionalHdm: &gpalayout.CxlRequest_Hdm{Hdm: 256 << 20}}
	for i := uint32(0); i < 4096; i++ {
		request.Pcie.RootComplexes = append(request.Pcie.RootComplexes, &gpalayout.RootComplexRequest{
			Name:            fmt.Sprintf("%0255d", i),
			OptionalSegment: &gpalayout.RootComplexRequest_Segment{Segment: i},
			OptionalEndBus:  &gpalayout.RootComplexRequest_EndBus{EndBus: 0},
			LowMmio:         none,
			Cxl:             cxl,
		})
	}
	_, err = c.Resolve(context.Background(), &gpalayout.ResolveRequest{Request: request})
	if err := expectRefusal("a reply that is too long", err, codes.ResourceExhausted, "message_too_large"); err != nil {
		return err
	}
	if err := goesOn(c); err != nil {
		return err
	}
	request.Pcie.RootComplexes = request.Pcie.RootComplexes[:1024]
	reply, err := c.Resolve(context.Background(), &gpalayout.ResolveRequest{Request: request})
	if err != nil {
		return err
	}
	if size := proto.Size(reply); size < 1<<20 || len(reply.Layout.Pcie.RootComplexes) != 1024 {
		return fmt.Errorf("the long reply has %d bytes, of %d root complexes", size,
			len(reply.Layout.Pcie.RootComplexes))
	}
	return nil
}

// The client cancels a call that waits. The late reply to it disturbs no other call.
func cancelled(path string) error {
	c, err := connect(path)
	if err != nil {
		return err
	}
	revision, err := revisionOf(c)
	if err != nil {
		return err
	}
	c.waitSent(1)
	ctx, cancel := context.WithCancel(context.Background())
	left := make(chan error, 1)
	go func() {
		_, err := c.WaitEvents(ctx, waitSince(revision))
		left <- err
	}()
	c.waitSent(1)
	if err := goesOn(c); err != nil {
		return err
	}
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		return fmt.Errorf("the call that was left: %v", err)
	}
	// This change answers both the cancelled wait and the next one.
	if _, err := c.Create(context.Background(), &gpalayout.CreateRequest{Name: "cancel", Request: memory(1)}); err != nil {
		return err
	}
	reply, err := c.WaitEvents(context.Background(), waitSince(revision))
	if err != nil {
		return err
	}
	if len(reply.Events) != 1 || reply.Events[0].Name != "cancel" {
		return fmt.Errorf("events after a call was left: %v", reply)
	}
	return goesOn(c)
}

// A call ends with its context, whichever side notices first.
func deadline(path string) error {
	c, err := connect(path)
	if err != nil {
		return err
	}
	revision, err := revisionOf(c)
	if err != nil {
		return err
	}
	for i := 0; i < 20; i++ {
		ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond*time.Duration(i))
		_, err := c.WaitEvents(ctx, waitSince(revision))
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) && status.Code(err) != codes.DeadlineExceeded {
			return fmt.Errorf("a call with a deadline: %v", err)
		}
	}
	return goesOn(c)
}

// The daemon itself applies the timeout of the client.
func timeout(path string) error {
	for _, ns := range []int64{1, -1, int64(20 * time.Millisecond)} {
		c, err := connect(path, withTimeout(ns))
		if err != nil {
			return err
		}
		since := waitSince(0)
		since.OptionalSince = nil
		_, err = c.WaitEvents(context.Background(), since)
		if err := expectRefusal(fmt.Sprintf("a call with %d ns", ns), err, codes.DeadlineExceeded, "timeout"); err != nil {
			return err
		}
		c.Close()
	}
	for _, ns := range []int64{0, int64(time.Hour)} {
		c, err := connect(path, withTimeout(ns))
		if err != nil {
			return err
		}
		if err := goesOn(c); err != nil {
			return fmt.Errorf("a call with %d ns: %w", ns, err)
		}
		c.Close()
	}
	return nil
}

func unknown(path string) error {
	c, err := connect(path)
	if err != nil {
		return err
	}
	for _, name := range [][2]string{
		{service, "Nothing"}, {"gpalayout.v1.Nothing", "Info"}, {"", "Info"}, {service, ""},
		{service, "resolve"}, {service, "layout.resolve"}, {"Layouts", "Info"},
	} {
		what := fmt.Sprintf("%q of %q", name[1], name[0])
		err := c.Call(context.Background(), name[0], name[1], &gpalayout.InfoRequest{}, &gpalayout.InfoReply{})
		if err := expectRefusal(what, err, codes.Unimplemented, "method_not_found"); err != nil {
			return err
		}
		if err := goesOn(c); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	return nil
}

// The daemon ignores metadata.
func metadata(path string) error {
	c, err := connect(path)
	if err != nil {
		return err
	}
	ctx := ttrpc.WithMetadata(context.Background(), ttrpc.MD{"trace": {"a", "b"}, "namespace": {""}})
	reply, err := c.Info(ctx, &gpalayout.InfoRequest{})
	if err != nil {
		return err
	}
	if where, ok := reply.Sockets.OptionalTtrpc.(*gpalayout.Sockets_Ttrpc); !ok || where.Ttrpc != path {
		return fmt.Errorf("the reply with metadata: %v", reply)
	}
	return goesOn(c)
}

// A change over one connection answers a wait on another.
func twoConnections(path string) error {
	one, err := connect(path)
	if err != nil {
		return err
	}
	two, err := connect(path)
	if err != nil {
		return err
	}
	revision, err := revisionOf(one)
	if err != nil {
		return err
	}
	one.waitSent(1)
	events := make(chan error, 1)
	go func() {
		reply, err := one.WaitEvents(context.Background(), waitSince(revision))
		if err == nil && (len(reply.Events) != 1 || reply.Events[0].Name != "two") {
			err = fmt.Errorf("events of another connection: %v", reply)
		}
		events <- err
	}()
	one.waitSent(1)
	if err := goesOn(one); err != nil {
		return err
	}
	if _, err := two.Create(context.Background(), &gpalayout.CreateRequest{Name: "two", Request: memory(1)}); err != nil {
		return err
	}
	if err := <-events; err != nil {
		return err
	}
	two.Close()
	return goesOn(one)
}
