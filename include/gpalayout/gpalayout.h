/* SPDX-License-Identifier: MIT */
/* Includes all headers of libgpalayout. The client library has <gpalayout/client.h>. */
#ifndef GPALAYOUT_GPALAYOUT_H
#define GPALAYOUT_GPALAYOUT_H

#include <gpalayout/advise.h>
#include <gpalayout/allocator.h>
#include <gpalayout/check.h>
#include <gpalayout/compare.h>
#include <gpalayout/error.h>
#include <gpalayout/explain.h>
#include <gpalayout/export.h>
#include <gpalayout/kind.h>
#include <gpalayout/layout.h>
#include <gpalayout/policy.h>
#include <gpalayout/probe.h>
#include <gpalayout/range.h>
#include <gpalayout/request.h>

#endif
