/* SPDX-License-Identifier: MIT */
/* Which user gets the next turn. */
#include "config.h"

#include "server/user.h"
#include "server/work.h"
#include "tests/unit/suite.h"

#include <stddef.h>

START_TEST(turns_go_round_users_not_connections)
{
	struct gpald_users users = { 0 };
	struct gpald_user *many = gpald_user_get(&users, 1000), *few = gpald_user_get(&users, 1001);
	struct gpald_turn of_many[8] = { 0 }, of_few = { 0 };

	for (int i = 0; i < 8; i++)
		gpald_user_enqueue(&users, many, &of_many[i]);
	gpald_user_enqueue(&users, few, &of_few);

	/* Even if many connections wait, the other user has one of the next two turns. */
	for (int round = 0; round < 20; round++) {
		struct gpald_turn *first = gpald_users_next_turn(&users);
		struct gpald_turn *second = gpald_users_next_turn(&users);

		ck_assert(first == &of_few || second == &of_few);
		ck_assert_ptr_ne(first, second);
		gpald_user_enqueue(&users, first == &of_few ? few : many, first);
		gpald_user_enqueue(&users, second == &of_few ? few : many, second);
	}
	gpald_user_unref(&users, many);
	gpald_user_unref(&users, few);
	ck_assert_ptr_null(LIST_FIRST(&users.list));
}
END_TEST

START_TEST(connections_of_a_user_have_their_turns_in_order)
{
	struct gpald_users users = { 0 };
	struct gpald_user *user = gpald_user_get(&users, 0);
	struct gpald_turn turns[5] = { 0 };

	for (int i = 0; i < 5; i++)
		gpald_user_enqueue(&users, user, &turns[i]);
	for (int i = 0; i < 12; i++) {
		struct gpald_turn *turn = gpald_users_next_turn(&users);

		ck_assert_ptr_eq(turn, &turns[i % 5]);
		ck_assert(!turn->is_waiting);
		gpald_user_enqueue(&users, user, turn);
	}
	gpald_user_unref(&users, user);
}
END_TEST

/*
 * The user who was served less comes first until the difference is made up. Time without requests
 * does not count.
 */
START_TEST(the_user_served_least_goes_first)
{
	struct gpald_users users = { 0 };
	struct gpald_user *busy = gpald_user_get(&users, 1000),
			  *other = gpald_user_get(&users, 1001);
	struct gpald_turn of_busy = { 0 }, of_other = { 0 };

	gpald_user_charge(&users, busy, 100);
	gpald_user_enqueue(&users, busy, &of_busy);
	gpald_user_enqueue(&users, other, &of_other);
	for (int i = 0; i < 4; i++) {
		ck_assert_ptr_eq(gpald_users_next_turn(&users), &of_other);
		gpald_user_charge(&users, other, 30);
		gpald_user_enqueue(&users, other, &of_other);
	}
	ck_assert_ptr_eq(gpald_users_next_turn(&users), &of_busy);
	gpald_user_charge(&users, busy, 1000);
	ck_assert_uint_eq(busy->served_ns, 1100);
	ck_assert_ptr_eq(gpald_users_next_turn(&users), &of_other);
	/* Both users have left. `other` comes back later and gets no credit for its time away. */
	gpald_user_enqueue(&users, busy, &of_busy);
	ck_assert_ptr_eq(gpald_users_next_turn(&users), &of_busy);
	gpald_user_enqueue(&users, other, &of_other);
	gpald_user_enqueue(&users, busy, &of_busy);
	ck_assert_uint_eq(other->virtual_ns, busy->virtual_ns);
	/* After a very long turn, the difference that must be made up is limited. */
	gpald_user_charge(&users, busy, UINT64_C(5000000000));
	ck_assert_uint_eq(busy->virtual_ns, users.virtual_ns + 100000000);
	ck_assert_uint_eq(busy->served_ns, UINT64_C(5000001100));
	gpald_user_dequeue(other, &of_other);
	gpald_user_dequeue(busy, &of_busy);
	gpald_user_unref(&users, busy);
	gpald_user_unref(&users, other);
}
END_TEST

START_TEST(enqueueing_twice_has_no_effect)
{
	struct gpald_users users = { 0 };
	struct gpald_user *user = gpald_user_get(&users, 0);
	struct gpald_turn turn = { 0 };

	gpald_user_enqueue(&users, user, &turn);
	gpald_user_enqueue(&users, user, &turn);
	ck_assert_ptr_eq(gpald_users_next_turn(&users), &turn);
	ck_assert_ptr_null(gpald_users_next_turn(&users));
	gpald_user_unref(&users, user);
}
END_TEST

/* Leaving from the front, the middle and the end keeps the others in order. */
START_TEST(a_connection_may_leave_the_queue)
{
	struct gpald_users users = { 0 };
	struct gpald_user *user = gpald_user_get(&users, 0);
	struct gpald_turn turns[3] = { 0 };

	for (int i = 0; i < 3; i++)
		gpald_user_enqueue(&users, user, &turns[i]);
	gpald_user_dequeue(user, &turns[_i]);
	gpald_user_dequeue(user, &turns[_i]);
	for (int i = 0; i < 3; i++)
		if (i != _i)
			ck_assert_ptr_eq(gpald_users_next_turn(&users), &turns[i]);
	ck_assert_ptr_null(gpald_users_next_turn(&users));
	gpald_user_enqueue(&users, user, &turns[_i]);
	ck_assert_ptr_eq(gpald_users_next_turn(&users), &turns[_i]);
	gpald_user_unref(&users, user);
}
END_TEST

START_TEST(a_uid_is_one_user_until_its_last_reference)
{
	struct gpald_users users = { 0 };
	struct gpald_user *first = gpald_user_get(&users, 7), *again = gpald_user_get(&users, 7);
	struct gpald_user *other = gpald_user_get(&users, 8);
	struct gpald_turn turn = { 0 };

	ck_assert_ptr_eq(first, again);
	ck_assert_ptr_ne(first, other);
	gpald_user_enqueue(&users, first, &turn);
	ck_assert_ptr_eq(gpald_users_next_turn(&users), &turn);
	gpald_user_unref(&users, first);
	ck_assert_ptr_eq(gpald_user_get(&users, 7), again);
	gpald_user_unref(&users, again);
	gpald_user_unref(&users, again);
	/* The user of the last turn is gone, but turns go on. */
	gpald_user_enqueue(&users, other, &turn);
	ck_assert_ptr_eq(gpald_users_next_turn(&users), &turn);
	gpald_user_unref(&users, other);
	ck_assert_ptr_null(LIST_FIRST(&users.list));
	ck_assert_ptr_null(gpald_users_next_turn(&users));
}
END_TEST

START_TEST(another_reference_keeps_a_user)
{
	struct gpald_users users = { 0 };
	struct gpald_user *user = gpald_user_get(&users, 7);

	gpald_user_ref(user);
	gpald_user_unref(&users, user);
	ck_assert_ptr_eq(LIST_FIRST(&users.list), user);
	gpald_user_unref(&users, user);
	ck_assert_ptr_null(LIST_FIRST(&users.list));
}
END_TEST

START_TEST(work_of_a_user_waits_while_too_many_replies_are_unread)
{
	struct gpald_users users = { .unsent_bytes_max = 100 };
	struct gpald_user *idle = gpald_user_get(&users, 1000), *user = gpald_user_get(&users, 7);
	struct gpald_work work = { .is_urgent = false };

	ck_assert_ptr_null(gpald_users_next_to_work(&users));
	STAILQ_INSERT_TAIL(&user->waiting_work, &work, entry);
	ck_assert_ptr_eq(gpald_users_next_to_work(&users), user);
	user->unsent_bytes = 99;
	ck_assert_ptr_eq(gpald_users_next_to_work(&users), user);
	user->unsent_bytes = 100;
	ck_assert_ptr_null(gpald_users_next_to_work(&users));
	/* Urgent work may go on, because others wait for it. */
	work.is_urgent = true;
	ck_assert_ptr_eq(gpald_users_next_to_work(&users), user);
	user->is_work_slot_taken = true;
	ck_assert_ptr_null(gpald_users_next_to_work(&users));
	gpald_user_unref(&users, user);
	gpald_user_unref(&users, idle);
}
END_TEST

START_TEST(work_of_the_user_served_least_is_done_first)
{
	struct gpald_users users = { .unsent_bytes_max = 1 };
	struct gpald_user *most = gpald_user_get(&users, 1), *least = gpald_user_get(&users, 2),
			  *some = gpald_user_get(&users, 3);
	struct gpald_work work = { .is_urgent = false };

	STAILQ_INSERT_TAIL(&most->waiting_work, &work, entry);
	STAILQ_INSERT_TAIL(&least->waiting_work, &work, entry);
	STAILQ_INSERT_TAIL(&some->waiting_work, &work, entry);
	gpald_user_charge(&users, most, 3);
	gpald_user_charge(&users, least, 1);
	gpald_user_charge(&users, some, 2);
	ck_assert_ptr_eq(gpald_users_next_to_work(&users), least);
	STAILQ_INIT(&least->waiting_work);
	ck_assert_ptr_eq(gpald_users_next_to_work(&users), some);
	gpald_user_unref(&users, most);
	gpald_user_unref(&users, least);
	gpald_user_unref(&users, some);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("user");

	add_test(suite, "turns", turns_go_round_users_not_connections);
	add_test(suite, "turns", connections_of_a_user_have_their_turns_in_order);
	add_test(suite, "turns", the_user_served_least_goes_first);
	add_test(suite, "turns", enqueueing_twice_has_no_effect);
	add_rows(suite, "turns", a_connection_may_leave_the_queue, 3);
	add_test(suite, "users", a_uid_is_one_user_until_its_last_reference);
	add_test(suite, "users", another_reference_keeps_a_user);
	add_test(suite, "work", work_of_a_user_waits_while_too_many_replies_are_unread);
	add_test(suite, "work", work_of_the_user_served_least_is_done_first);
	return run_suite(suite);
}
