// link: ppapp
// with: fake_net
/* Network queues as settings. */
#include "tests/unit/fleet_bench.h"

static struct jobs_queue lab(void)
{
    return (struct jobs_queue){.name = "Lab", .kind = "lan", .strategy = QUEUE_OLDEST_FIRST};
}

static struct err add_queue(struct jobs_bench *b, const struct jobs_queue *q)
{
    struct answer a = {0};
    jobs_queue_add(b->jobs, q, on_answer, &a);
    assert_int_equal(a.count, 0);
    wait_for(&b->base, &a, 1);
    return a.err;
}

static struct err edit_queue(struct jobs_bench *b, const struct jobs_queue *q)
{
    struct answer a = {0};
    jobs_queue_edit(b->jobs, q, on_answer, &a);
    wait_for(&b->base, &a, 1);
    return a.err;
}

static struct err remove_queue(struct jobs_bench *b, const char *name)
{
    struct answer a = {0};
    jobs_queue_remove(b->jobs, name, on_answer, &a);
    wait_for(&b->base, &a, 1);
    return a.err;
}

static void rank(struct jobs_bench *b, const char *name, size_t place)
{
    struct answer a = {0};
    jobs_queue_rank(b->jobs, name, place, on_answer, &a);
    wait_for(&b->base, &a, 1);
    assert_int_equal(a.err.code, 0);
}

static void check_order(const struct jobs_bench *b, const char *wanted)
{
    struct strbuf names = {0};
    const struct jobs_queue *q;
    for (size_t i = 0; (q = jobs_queue_at(b->jobs, i)) != NULL; i++) {
        strbuf_printf(&names, "%s%s", i > 0 ? " " : "", q->name);
    }
    assert_string_equal(strbuf_text(&names), wanted);
    strbuf_fini(&names);
}

static void the_first_start_makes_a_queue_that_nobody_takes_part_in_yet(void **state)
{
    struct jobs_bench *b = *state;
    const struct jobs_queue *q = jobs_queue_find(b->jobs, "LAN");
    assert_non_null(q);
    assert_string_equal(q->kind, "lan");
    assert_false(q->enabled);
    assert_int_equal(q->strategy, QUEUE_IN_ORDER);
    assert_string_equal(q->shared.address, "auto");
    assert_int_equal(q->shared.replicas, 2);
    assert_int_equal(q->shared.claim_timeout_ms, 15 * 60000);
    assert_null(q->queue);
    check_order(b, "local LAN");
    reopen_jobs(b);
    check_order(b, "local LAN");
}

/* Whoever removes it does not want it. */
static void once_removed_it_does_not_come_back(void **state)
{
    struct jobs_bench *b = *state;
    while (query(b->base.path, "SELECT count(*) FROM settings WHERE name = 'lan_queue'") == 0) {
        uv_run(&b->base.loop, UV_RUN_ONCE);
    }
    assert_int_equal(remove_queue(b, "LAN").code, 0);
    check_order(b, "local");
    reopen_jobs(b);
    check_order(b, "local");
}

static void a_data_directory_of_before_gets_it_once(void **state)
{
    struct jobs_bench *b = *state;
    char id[ID_SIZE];
    put_file(b, "cube.gcode", CUBE);
    submit(b, "job", "cube.gcode", id);
    query(b->base.path, "DELETE FROM settings WHERE name = 'lan_queue'");
    query(b->base.path, "DELETE FROM queues");
    query(b->base.path, "INSERT INTO queues VALUES ('local', '{\"kind\":\"local\",\"strategy\":"
                        "\"oldest-first\",\"enabled\":true,\"share\":false}')");
    reopen_jobs(b);
    check_order(b, "local LAN");
    assert_int_equal(jobs_queue_at(b->jobs, 0)->strategy, QUEUE_OLDEST_FIRST);
    assert_non_null(queue_find(local(b), id));
}

static void what_a_queue_is_set_to_comes_back(void **state)
{
    struct jobs_bench *b = *state;
    struct jobs_queue q = lab();
    snprintf(q.shared.key, sizeof q.shared.key, "open sesame");
    snprintf(q.shared.namespace, sizeof q.shared.namespace, "lab of bob");
    q.shared.replicas = 3;
    q.enabled = true;
    assert_int_equal(add_queue(b, &q).code, 0);
    reopen_jobs(b);
    const struct jobs_queue *got = jobs_queue_find(b->jobs, "Lab");
    assert_non_null(got);
    assert_true(got->enabled);
    assert_string_equal(got->shared.key, "open sesame");
    assert_string_equal(got->shared.namespace, "lab of bob");
    assert_string_equal(got->shared.address, "auto");
    assert_int_equal(got->shared.replicas, 3);
    assert_int_equal(got->strategy, QUEUE_OLDEST_FIRST);
    q = *got;
    q.shared.key[0] = '\0';
    snprintf(q.shared.accept, sizeof q.shared.accept, "model");
    snprintf(q.kind, sizeof q.kind, "wan"); /* it stays what it is */
    assert_int_equal(edit_queue(b, &q).code, 0);
    reopen_jobs(b);
    got = jobs_queue_find(b->jobs, "Lab");
    assert_string_equal(got->kind, "lan");
    assert_string_equal(got->shared.key, "");
    assert_string_equal(got->shared.accept, "model");
}

static void queues_are_put_in_order(void **state)
{
    struct jobs_bench *b = *state;
    struct jobs_queue q = lab();
    add_queue(b, &q);
    snprintf(q.name, sizeof q.name, "Attic");
    add_queue(b, &q);
    check_order(b, "local LAN Lab Attic");
    rank(b, "Attic", 0);
    check_order(b, "Attic local LAN Lab");
    rank(b, "local", 99);
    check_order(b, "Attic LAN Lab local");
    rank(b, "LAN", 1);
    check_order(b, "Attic LAN Lab local");
    rank(b, "Attic", 2);
    check_order(b, "LAN Lab Attic local");
    assert_int_equal(remove_queue(b, "Lab").code, 0);
    snprintf(q.name, sizeof q.name, "last");
    add_queue(b, &q);
    check_order(b, "LAN Attic local last");
    reopen_jobs(b);
    check_order(b, "LAN Attic local last");
}

static void names_and_settings_that_cannot_be_are_refused(void **state)
{
    struct jobs_bench *b = *state;
    static const struct {
        const char *name, *kind, *registry, *key, *control, *accept;
        int replicas;
        int64_t timeout_ms;
        int code;
        const char *text;
    } cases[] = {
        {"", "lan", "", "", "", "", 0, 0, PP_EINVAL,
            "name \"\": a queue's name must be 1 to 63 bytes long, this has 0"},
        {"local", "lan", "", "", "", "", 0, 0, PP_EINVAL,
            "name \"local\": this name is the host's own, as \"archive\" is; choose another"},
        {"archive", "lan", "", "", "", "", 0, 0, PP_EINVAL,
            "name \"archive\": this name is the host's own, as \"local\" is; choose another"},
        {"LAN", "lan", "", "", "", "", 0, 0, PP_EEXIST,
            "name \"LAN\": there is a queue of that name already; choose another"},
        {"a\nb", "lan", "", "", "", "", 0, 0, PP_EINVAL,
            "name \"a\\x0ab\": must be UTF-8 without control characters"},
        {"\xff", "lan", "", "", "", "", 0, 0, PP_EINVAL,
            "name \"\\xff\": must be UTF-8 without control characters"},
        {"x", "usb", "", "", "", "", 0, 0, PP_EINVAL, "kind \"usb\": must be lan or wan"},
        {"x", "lan", "r.yaml", "", "", "", 0, 0, PP_EINVAL,
            "registry \"r.yaml\": only a queue of kind wan has one"},
        {"x", "wan", "", "", "", "", 0, 0, PP_EINVAL,
            "registry \"\": a queue of kind wan is found through one"},
        {"x", "wan", "r.yaml", "k", "", "", 0, 0, PP_EINVAL,
            "key: only a queue of kind lan has one"},
        {"x", "lan", "", "", "maybe", "", 0, 0, PP_EINVAL, "control \"maybe\": must be yes or no"},
        {"x", "lan", "", "", "", "gold", 0, 0, PP_EINVAL,
            "accept \"gold\": must be all, trusted or model"},
        {"x", "lan", "", "", "", "", 17, 0, PP_EINVAL, "replicas 17: must be 1 to 16"},
        {"x", "lan", "", "", "", "", 0, 60000, PP_EINVAL,
            "claim_timeout 60 s: must be 2 minutes to 24 hours"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jobs_queue q = {
            .shared = {.replicas = cases[i].replicas, .claim_timeout_ms = cases[i].timeout_ms}};
        snprintf(q.name, sizeof q.name, "%s", cases[i].name);
        snprintf(q.kind, sizeof q.kind, "%s", cases[i].kind);
        snprintf(q.shared.registry, sizeof q.shared.registry, "%s", cases[i].registry);
        snprintf(q.shared.key, sizeof q.shared.key, "%s", cases[i].key);
        snprintf(q.shared.control, sizeof q.shared.control, "%s", cases[i].control);
        snprintf(q.shared.accept, sizeof q.shared.accept, "%s", cases[i].accept);
        struct err e = add_queue(b, &q);
        assert_string_equal(e.text, cases[i].text);
        assert_int_equal(e.code, cases[i].code);
    }
    check_order(b, "local LAN");
    assert_int_equal(remove_queue(b, "local").code, PP_EINVAL);
    assert_int_equal(remove_queue(b, "attic").code, PP_ENOTFOUND);
    struct err e;
    char name[80];
    memset(name, 'n', sizeof name);
    name[64] = '\0';
    assert_int_equal(jobs_queue_name_check(b->jobs, name, &e), -PP_EINVAL);
    name[63] = '\0';
    assert_int_equal(jobs_queue_name_check(b->jobs, name, &e), 0);
}

/* Anybody is there: their gcode is not printed unless somebody wants it so. */
static void a_wan_queue_accepts_gcode_of_trusted_hosts_alone(void **state)
{
    struct jobs_bench *b = *state;
    struct jobs_queue q = {.name = "world", .kind = "wan"};
    snprintf(q.shared.registry, sizeof q.shared.registry, "example.org");
    assert_int_equal(add_queue(b, &q).code, 0);
    assert_string_equal(jobs_queue_accept(jobs_queue_find(b->jobs, "world")), "trusted");
}

static void what_a_person_said_of_a_host_is_remembered(void **state)
{
    struct jobs_bench *b = *state;
    struct answer a = {0};
    jobs_peer_say(b->jobs, "LAN", "12D3KooWbob", true, on_answer, &a);
    jobs_peer_say(b->jobs, "LAN", "12D3KooWcy", false, on_answer, &a);
    wait_for(&b->base, &a, 2);
    reopen_jobs(b);
    assert_int_equal(jobs_peer_word(b->jobs, "LAN", "12D3KooWbob"), JOBS_ACCEPTED);
    assert_int_equal(jobs_peer_word(b->jobs, "LAN", "12D3KooWcy"), JOBS_DECLINED);
    assert_int_equal(jobs_peer_word(b->jobs, "LAN", "12D3KooWada"), JOBS_NOT_ASKED);
    assert_int_equal(jobs_peer_word(b->jobs, "attic", "12D3KooWbob"), JOBS_NOT_ASKED);
    struct jobs_queue q = *jobs_queue_find(b->jobs, "LAN"); /* a change keeps it */
    q.shared.replicas = 4;
    assert_int_equal(edit_queue(b, &q).code, 0);
    rank(b, "LAN", 0);
    reopen_jobs(b);
    assert_int_equal(jobs_peer_word(b->jobs, "LAN", "12D3KooWbob"), JOBS_ACCEPTED);
    for (int i = 0; i < 300; i++) {
        char peer[24];
        snprintf(peer, sizeof peer, "peer%d", i);
        jobs_peer_say(b->jobs, "LAN", peer, true, on_answer, &a);
    }
    wait_for(&b->base, &a, 302);
    assert_int_equal(jobs_peer_word(b->jobs, "LAN", "12D3KooWbob"), JOBS_NOT_ASKED);
    assert_int_equal(jobs_peer_word(b->jobs, "LAN", "peer299"), JOBS_ACCEPTED);
}

/* ---- while it is joined ---- */

static void a_queue_that_prints_here_is_neither_removed_nor_left(void **state)
{
    struct fleet *f = *state;
    char id[ID_SIZE];
    struct jobs_bench *b = f->at[1];
    submit_lan(f, 0, "cubes", 2, id);
    struct queue_command c = of_printer(f, 1, QUEUE_CLAIM, id);
    assert_int_equal(give_lan(f, 1, &c).err.code, 0);
    c = of_run(f, 1, QUEUE_BEGIN, id, 0);
    assert_int_equal(give_lan(f, 1, &c).err.code, 0);
    struct err e = remove_queue(b, "LAN");
    assert_int_equal(e.code, PP_EBUSY);
    assert_string_equal(
        e.text, "queue \"LAN\": job \"cubes\" of it is being printed here; wait, or cancel it");
    struct jobs_queue q = *jobs_queue_find(b->jobs, "LAN");
    q.enabled = false;
    assert_int_equal(edit_queue(b, &q).code, PP_EBUSY);
    c = of_run(f, 1, QUEUE_FINISH, id, 0);
    assert_int_equal(give_lan(f, 1, &c).err.code, 0);
    assert_int_equal(edit_queue(b, &q).code, 0);
}

static void a_removed_queue_is_gone_at_once_and_let_go_of_later(void **state)
{
    struct fleet *f = *state;
    char id[ID_SIZE];
    struct jobs_bench *b = f->at[1];
    submit_lan(f, 0, "cubes", 1, id);
    struct queue_command c = order(QUEUE_ARCHIVE, id);
    tell(f, 1, &c);
    assert_int_equal(remove_queue(b, "LAN").code, 0);
    assert_null(jobs_queue_find(b->jobs, "LAN"));
    fake_net_settle(f->net); /* the network still has the machine */
    struct jobs_queue again = {.name = "LAN", .kind = "lan"};
    assert_int_equal(add_queue(b, &again).code, 0);
    assert_null(jobs_queue_find(b->jobs, "LAN")->queue);
    fake_net_leave(f->net, 1);
    turn(f);
    assert_int_equal(f->told[1].count, 1);
    assert_null(jobs_queue_find(b->jobs, "LAN")->queue);
    fake_net_join(f->net, 1, b->jobs, "LAN");
    assert_non_null(jobs_queue_find(b->jobs, "LAN")->queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        JOBS_TEST(the_first_start_makes_a_queue_that_nobody_takes_part_in_yet),
        JOBS_TEST(once_removed_it_does_not_come_back),
        JOBS_TEST(a_data_directory_of_before_gets_it_once),
        JOBS_TEST(what_a_queue_is_set_to_comes_back),
        JOBS_TEST(queues_are_put_in_order),
        JOBS_TEST(names_and_settings_that_cannot_be_are_refused),
        JOBS_TEST(a_wan_queue_accepts_gcode_of_trusted_hosts_alone),
        JOBS_TEST(what_a_person_said_of_a_host_is_remembered),
        FLEET_TEST(a_queue_that_prints_here_is_neither_removed_nor_left),
        FLEET_TEST(a_removed_queue_is_gone_at_once_and_let_go_of_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
