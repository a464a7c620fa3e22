; SPDX-License-Identifier: MIT
; The promises of the two take functions. z3 must read this after take.smt2. Each goal is
; negated, so the answer "unsat" proves it.
(declare-const start address)
(declare-const end address)
(declare-const tail_start address)
(declare-const tail_end address)
(declare-const size address)
; prove.sh defines `alignment`: every power of two from 4096 up, one after the other.
(declare-const other address) ; any other start
(define-fun space_end () address #xfffffffffffff000)
(define-fun page () address #x0000000000001000)
(define-fun is_page ((value address)) Bool (= (bvand value (bvsub page #x0000000000000001)) #x0000000000000000))
(define-fun is_aligned ((value address)) Bool
  (= (bvand value (bvsub alignment #x0000000000000001)) #x0000000000000000))
; True if a window at `at` lies in the free range and does not wrap.
(define-fun fits ((at address) (from address) (to address)) Bool
  (and (bvule from at) (bvule at (bvadd at size)) (bvule (bvadd at size) to)))

; The callers ensure this: the range has whole pages in the address space, and the size is not 0.
; They also ensure that the range has room for the size; only the goals between the next (push) and
; its (pop) use that.
(assert (and (bvult start end) (bvule end space_end) (is_page start) (is_page end)))
(assert (and (not (= size #x0000000000000000)) (is_page size)))

(push)
(assert (bvuge (usable start end alignment) size))
(define-fun low () address (lowest start end alignment))
(define-fun high () address (highest end size alignment))

(echo "the lowest window is aligned and lies in the range")
(push)
(assert (not (and (is_aligned low) (fits low start end))))
(check-sat)
(pop)

(echo "no aligned window lies lower")
(push)
(assert (and (is_aligned other) (fits other start end) (bvult other low)))
(check-sat)
(pop)

(echo "the piece below the lowest window holds no aligned address")
(push)
(assert (and (is_aligned other) (bvule start other) (bvult other low)))
(check-sat)
(pop)

(echo "the highest window is aligned and lies in the range")
(push)
(assert (not (and (is_aligned high) (fits high start end))))
(check-sat)
(pop)

(echo "no aligned window lies higher")
(push)
(assert (and (is_aligned other) (fits other start end) (bvugt other high)))
(check-sat)
(pop)

(echo "what is above the highest window is shorter than the alignment")
(push)
(assert (bvuge (bvsub end (bvadd high size)) alignment))
(check-sat)
(pop)

(echo "the range that is left ends on an aligned address")
(push)
(assert (not (is_aligned high)))
(check-sat)
(pop)

; A leaf has at most one tail: after the first window it ends on an aligned address, and from
; then on no range above a window contains an aligned address.
(echo "above a window in a range that ends aligned, nothing is usable")
(push)
(assert (and (is_aligned end) (keeps_above end size alignment)))
(check-sat)
(pop)

(echo "what is usable above a window has one aligned start")
(push)
(assert (and (keeps_above end size alignment)
             (bvuge (usable (bvadd high size) end alignment) alignment)))
(check-sat)
(pop)
(pop)

(echo "if a tail has room for a window, the window is placed in it at an aligned address")
(push)
(assert (and (bvult tail_start tail_end) (bvule tail_end space_end) (is_page tail_start)
             (is_page tail_end) (takes_tail tail_start tail_end size alignment)))
(assert (not (and (is_aligned (highest tail_end size alignment))
                  (fits (highest tail_end size alignment) tail_start tail_end))))
(check-sat)
(pop)

(echo "usable is 0 only where no aligned address lies in the range")
(push)
(assert (and (= (usable start end alignment) #x0000000000000000) (is_aligned other)
             (bvule start other) (bvult other end)))
(check-sat)
(pop)
