; SPDX-License-Identifier: MIT
; The two functions of src/core/fit_index.c that take a window from a free range, for all
; addresses, sizes and alignments, as bit vectors. The definitions follow the C code line by
; line. take_points.c prints what the C code itself returns at many points, and prove.sh
; checks that the definitions give the same results there.
(set-logic QF_BV)
(define-sort address () (_ BitVec 64))

; src/core/checked.h
(define-fun align_down ((value address) (alignment address)) address
  (bvand value (bvnot (bvsub alignment #x0000000000000001))))
(define-fun align_up_overflows ((value address) (alignment address)) Bool
  (bvult (bvadd value (bvsub alignment #x0000000000000001)) value))
(define-fun align_up ((value address) (alignment address)) address
  (align_down (bvadd value (bvsub alignment #x0000000000000001)) alignment))

; gpald_range_usable() of src/core/free_space.h
(define-fun usable ((start address) (end address) (alignment address)) address
  (ite (or (align_up_overflows start alignment) (bvuge (align_up start alignment) end))
       #x0000000000000000
       (bvsub end (align_up start alignment))))

; take_lowest(): the start of the window
(define-fun lowest ((start address) (end address) (alignment address)) address
  (bvsub end (usable start end alignment)))

; take_highest(): the start of the window, in the leaf or its tail
(define-fun highest ((end address) (size address) (alignment address)) address
  (align_down (bvsub end size) alignment))
(define-fun takes_tail ((tail_start address) (tail_end address) (size address)
                        (alignment address)) Bool
  (bvuge (usable tail_start tail_end alignment) size))
; true if the range left above the window becomes the tail
(define-fun keeps_above ((end address) (size address) (alignment address)) Bool
  (not (= (usable (bvadd (highest end size alignment) size) end alignment)
          #x0000000000000000)))
