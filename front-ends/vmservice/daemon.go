// SPDX-License-Identifier: MIT

// A connection to gpalayoutd that survives restarts of the daemon. If the connection breaks during
// a call, the call is repeated over a new one until its time limit. So callers may only make calls
// that can be repeated.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/containerd/ttrpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"gpalayout/v1"
)

const (
	shortestPause = 10 * time.Millisecond
	longestPause  = 500 * time.Millisecond
)

type daemon struct {
	path    string
	timeout time.Duration // of each call; a client may set a shorter one

	mutex  sync.Mutex
	client *ttrpc.Client // nil: there is no connection
}

type layouts = gpalayout.LayoutsService

type daemonCall func(context.Context, layouts) error

// Makes a call, and repeats it while it fails for a temporary reason, until the time limit.
func (d *daemon) call(ctx context.Context, call daemonCall) error {
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	var reason error
	for pause := shortestPause; ; pause *= 2 {
		err := d.try(ctx, call)
		if err == nil || !isTemporary(err) {
			return err
		}
		// A try after the time limit only reports that the limit has passed, so the earlier
		// error is kept.
		if reason == nil || ctx.Err() == nil {
			reason = err
		}
		if pause > longestPause {
			pause = longestPause
		}
		select {
		case <-ctx.Done():
			return status.Errorf(codes.Unavailable,
				"gpalayoutd at %s does not serve (%v); repeat the call when it "+
					"does", d.path, reason)
		case <-time.After(pause):
		}
	}
}

func (d *daemon) try(ctx context.Context, call daemonCall) error {
	client, err := d.connect(ctx)
	if err != nil {
		return err
	}
	err = call(ctx, gpalayout.NewLayoutsClient(client))
	switch _, isStatus := status.FromError(err); {
	case err == nil || isStatus:
		return err
	case errors.Is(err, context.Canceled):
		return status.FromContextError(err).Err()
	case errors.Is(err, context.DeadlineExceeded):
		// The connection stays, because other calls that are pending on it have more time.
		return status.Errorf(codes.DeadlineExceeded, "gpalayoutd at %s did not answer in "+
			"time; the call may have taken effect and can be repeated", d.path)
	default:
		d.drop(client)
		return err
	}
}

// Returns true if the call may succeed when it is repeated: the daemon was not reached, the
// connection ended, or the daemon is stopping or overloaded.
func isTemporary(err error) bool {
	refusal, isStatus := status.FromError(err)
	return !isStatus || refusal.Code() == codes.Unavailable
}

func (d *daemon) connect(ctx context.Context) (*ttrpc.Client, error) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if d.client != nil {
		return d.client, nil
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", d.path)
	if errors.Is(err, syscall.EACCES) {
		return nil, status.Errorf(codes.PermissionDenied,
			"this service may not connect to gpalayoutd at %s: %v", d.path,
			syscall.EACCES)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot connect: %w", errors.Unwrap(err))
	}
	d.client = ttrpc.NewClient(conn)
	return d.client, nil
}

func (d *daemon) drop(client *ttrpc.Client) {
	client.Close()
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if d.client == client {
		d.client = nil
	}
}
