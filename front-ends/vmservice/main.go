// SPDX-License-Identifier: MIT

// gpalayout-vmservice is a small VM control plane. It serves vmservice.proto over ttrpc, and
// gpalayoutd computes and keeps the layouts of its VMs. It stores nothing itself, so both it and
// the daemon may be restarted at any time. README.md describes it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/containerd/ttrpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"gpalayout/v1"
	"gpalayout/vmservice/v1"
)

const (
	drainTimeout = 5 * time.Second // for calls that are pending when the service stops
	pathMax      = 107             // bytes of a socket path (unix(7))
)

type service struct {
	daemon  *daemon
	options layoutOptions
}

func (s *service) CreateVM(ctx context.Context,
	r *vmservice.CreateVMRequest) (*vmservice.VMReply, error) {
	request, err := newRequest(r.Config, s.options)
	if err != nil {
		return nil, err
	}
	var reply *gpalayout.CreateReply
	create := &gpalayout.CreateRequest{Name: r.Name, Request: request}
	err = s.daemon.call(ctx, func(ctx context.Context, layouts layouts) (err error) {
		reply, err = layouts.Create(ctx, create)
		return err
	})
	if err != nil {
		return nil, translateRefusal(err, r.Config)
	}
	return &vmservice.VMReply{Name: reply.Name, Generation: reply.Generation,
		Created: reply.Created, Layout: reply.Layout}, nil
}

func (s *service) GetVM(ctx context.Context,
	r *vmservice.GetVMRequest) (*vmservice.VMReply, error) {
	var reply *gpalayout.GetReply
	err := s.daemon.call(ctx, func(ctx context.Context, layouts layouts) (err error) {
		reply, err = layouts.Get(ctx, &gpalayout.GetRequest{Name: r.Name})
		return err
	})
	if err != nil {
		return nil, err
	}
	return &vmservice.VMReply{Name: reply.Name, Generation: reply.Generation,
		Layout: reply.Layout}, nil
}

// TeardownVM deletes the layout of a VM. If the reply of a try was lost and a later one does not
// find the VM, the earlier one may have deleted it: this is a success. If a repeated try finds
// another generation, an earlier one may have deleted the VM; the caller gets the error and must
// look.
func (s *service) TeardownVM(ctx context.Context,
	r *vmservice.TeardownVMRequest) (*vmservice.TeardownVMReply, error) {
	stated, ok := r.OptionalGeneration.(*vmservice.TeardownVMRequest_Generation)
	if !ok {
		vm, err := s.GetVM(ctx, &vmservice.GetVMRequest{Name: r.Name})
		if err != nil {
			return nil, err
		}
		stated = &vmservice.TeardownVMRequest_Generation{Generation: vm.Generation}
	}
	replyLost := false
	err := s.daemon.call(ctx, func(ctx context.Context, layouts layouts) error {
		_, err := layouts.Delete(ctx, &gpalayout.DeleteRequest{Name: r.Name,
			OptionalGeneration: &gpalayout.DeleteRequest_Generation{
				Generation: stated.Generation}})
		if _, isRefusal := status.FromError(err); !isRefusal {
			replyLost = true
		}
		return err
	})
	if replyLost && status.Code(err) == codes.NotFound {
		err = nil
	}
	return &vmservice.TeardownVMReply{}, err
}

// Removes a stream socket at which no program listens. If its owner removes it first, that is a
// success, too.
func removeStale(path string) error {
	conn, err := net.Dial("unix", path)
	if err == nil {
		conn.Close()
	}
	switch {
	case err == nil || errors.Is(err, syscall.EAGAIN):
		return fmt.Errorf("another program listens at %s; choose another path", path)
	case errors.Is(err, syscall.ECONNREFUSED):
		err = os.Remove(path)
	default:
		err = fmt.Errorf("cannot find out whether another program listens at %s: %w", path,
			errors.Unwrap(err))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Listens at a path, to which only this user can connect. A lock file beside it keeps a second
// service out. A socket that a killed service has left is replaced.
func listen(path string) (net.Listener, error) {
	if len(path) > pathMax {
		return nil, fmt.Errorf("%s has %d bytes; a socket path has at most %d", path,
			len(path), pathMax)
	}
	found, err := os.Lstat(path)
	if err == nil && found.Mode()&os.ModeSocket == 0 {
		return nil, fmt.Errorf("%s is not a socket; choose another path", path)
	}
	// This is no os.File, because the garbage collector would close it. The lock is held until
	// the process exits.
	name := path + ".lock"
	lock, err := syscall.Open(name, syscall.O_CREAT|syscall.O_RDWR|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot open %s: %w", name, err)
	}
	if err := syscall.Flock(lock, syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, fmt.Errorf("another service has locked %s; choose another path", name)
	}
	if found != nil {
		if err := removeStale(path); err != nil {
			return nil, err
		}
	}
	syscall.Umask(0o177)
	return net.Listen("unix", path)
}

// If a client closes a connection inside a message, ttrpc's server keeps the connection for ever,
// unless it was reset. So connections of this listener report their end as a reset.
type resettingListener struct{ net.Listener }

func (l resettingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	return resettingConn{conn}, err
}

type resettingConn struct{ net.Conn }

func (c resettingConn) Read(bytes []byte) (int, error) {
	length, err := c.Conn.Read(bytes)
	if err == io.EOF {
		err = syscall.ECONNRESET
	}
	return length, err
}

func run(listener net.Listener, s *service) error {
	server, err := ttrpc.NewServer()
	if err != nil {
		return err
	}
	vmservice.RegisterVMService(server, s)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	served := make(chan error, 1)
	go func() { served <- server.Serve(context.Background(), resettingListener{listener}) }()
	log.Printf("ready: serves %s", listener.Addr())
	select {
	case err := <-served:
		return err
	case <-stop:
	}
	ctx, cancel := context.WithTimeout(context.Background(), drainTimeout)
	defer cancel()
	server.Shutdown(ctx)
	return nil
}

func exitWithUsage(format string, args ...interface{}) {
	log.Printf(format, args...)
	flag.Usage()
	os.Exit(2)
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("gpalayout-vmservice: ")
	socket := flag.String("socket", "", "Unix socket `PATH` to serve (required)")
	gpalayoutd := flag.String("daemon", "/run/gpalayoutd/ttrpc.sock",
		"ttrpc socket `PATH` of gpalayoutd")
	arch := flag.String("arch", "x86_64", "`ARCHITECTURE` of the guests: x86_64 or aarch64")
	policy := flag.String("policy", "",
		"`NAME` of the policy of the layouts; default: that of gpalayoutd")
	addressBits := flag.Uint("host-bits", 0,
		"width of the host's physical addresses, `N` from 1 to 64; default: no limit")
	timeout := flag.Duration("timeout", 10*time.Second,
		"`TIME` limit for a call to gpalayoutd, repetitions included")
	flag.Parse()
	switch {
	case flag.NArg() != 0:
		exitWithUsage("unexpected argument %q", flag.Arg(0))
	case *socket == "":
		exitWithUsage("--socket is missing; give the path of the socket to serve")
	case *arch != "x86_64" && *arch != "aarch64":
		exitWithUsage("--arch: expected x86_64 or aarch64, not %q", *arch)
	case *addressBits > 64:
		exitWithUsage("--host-bits: expected 1 to 64, not %d", *addressBits)
	case *timeout <= 0:
		exitWithUsage("--timeout: expected more than 0, not %v", *timeout)
	}
	listener, err := listen(*socket)
	if err == nil {
		err = run(listener, &service{&daemon{path: *gpalayoutd, timeout: *timeout},
			layoutOptions{*arch, *policy, *addressBits}})
	}
	if err != nil {
		log.Fatal(err)
	}
}
