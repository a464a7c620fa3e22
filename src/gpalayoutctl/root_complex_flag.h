/* SPDX-License-Identifier: MIT */
/*
 * PCIe root complexes of a request that is built from flags.
 */
#ifndef GPALAYOUTCTL_ROOT_COMPLEX_FLAG_H
#define GPALAYOUTCTL_ROOT_COMPLEX_FLAG_H

#include "exit_code.h"
#include "json_tree.h"

/*
 * Adds the root complex "NAME[,KEY=VALUE...]" to pcie.root_complexes. `flag` is
 * how complaints name the flag. CTL_OK, or CTL_USAGE after a complaint.
 */
enum ctl_exit ctl_root_complex_add(struct ctl_request *request, const char *flag, const char *text);

/* Gives root complex `name`, which must have been added, an IOMMU; returns as above. */
enum ctl_exit ctl_root_complex_set_iommu(struct ctl_request *request, const char *flag,
					 const char *name, const char *kind);

#endif
