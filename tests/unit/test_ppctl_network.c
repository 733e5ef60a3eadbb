// link: ppctl_parts
/* Shared queues and their hosts as people see them, at several widths. */
#include "tools/ppctl/text.h"
#include "tools/ppctl/view_jobs.h"
#include "tools/ppctl/view_network.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define NOON INT64_C(1763640000000) /* 2025-11-20 12:00 UTC */

#define LOCAL                                                                                      \
    "{'name':'local','kind':'local','strategy':'in-order','enabled':true,'jobs':2,'archived':10,"  \
    "'time_left_ms':754000}"

#define SHARED(more)                                                                               \
    "{'name':'LAN','kind':'lan','strategy':'in-order','enabled':true,'jobs':1,'archived':0,"       \
    "'time_left_ms':754000,'namespace':'LAN','locked':true,'address':'auto','control':'keyed',"    \
    "'accept':'all','joined':true,'listening':'0.0.0.0:36049','role':'client','self':"             \
    "'12D3KooWKuH3699mVv42p5mVYKAxHr2DWinEGjjGpY54G1MDGy13','voters':3,'voters_linked':2," more    \
    "}"

#define THREE                                                                                      \
    "'leader':{'peer':'12D3KooWx','name':'anna'},'peers':{'count':3,'low':3,'high':3,'exact':"     \
    "true},'waiting':0,'problem':null,'hints':[]"

#define ALONE                                                                                      \
    "'leader':null,'peers':{'count':1,'low':1,'high':1,'exact':true},'waiting':2,'problem':"       \
    "'port 6789 is in use by another program','hints':['queue \\'lan\\' seen; yours is "           \
    "\\'LAN\\'; names are case-sensitive',"                                                        \
    "'nobody else announced a queue on this network yet']"

#define CROWD                                                                                      \
    "'leader':{'peer':'12D3KooWx','name':'anna'},'peers':{'count':1204,'low':1100,'high':1310,"    \
    "'exact':false},'waiting':0,'problem':null,'hints':[]"

#define ANNA                                                                                       \
    "{'name':'anna','profile':'prusa-mk3s','state':'printing','self':false,'linked':true,'rtt_us'" \
    ":1260,'leader':true,'voter':true,'version':'0.1.0','file':'gear.gcode','progress':42,"        \
    "'eta_ms':1763643600000,'needs_person':false,'silent_ms':10}"
#define BERT                                                                                       \
    "{'name':'bert','profile':null,'state':'operational','self':true,'linked':false,'rtt_us':"     \
    "null,'leader':false,'voter':false,'version':'0.1.0','file':null,'progress':0,'eta_ms':null,"  \
    "'needs_person':true,'silent_ms':0}"
#define CARL                                                                                       \
    "{'name':'carl','profile':'ender-3','state':'offline','self':false,'linked':false,'rtt_us':"   \
    "null,'leader':false,'voter':true,'version':'0.1.0','file':null,'progress':0,'eta_ms':null,"   \
    "'needs_person':false,'silent_ms':7200000}"

typedef void view_function(struct strbuf *out, const struct view *v, const json_t *doc);

/* What is shown of a document; ' stands for " in it, and \' for itself. */
static char *shown(view_function *show, int columns, const char *text)
{
    struct strbuf out = {0};
    struct strbuf doc_text = {0};
    json_error_t why;
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '\\' && at[1] == '\'') {
            strbuf_puts(&doc_text, "\\\"");
            at++;
        } else {
            strbuf_add(&doc_text, *at == '\'' ? "\"" : at, 1);
        }
    }
    json_t *doc = json_loads(strbuf_text(&doc_text), 0, &why);
    if (doc == NULL) {
        fail_msg("%s: %s", why.text, strbuf_text(&doc_text));
    }
    struct view v = {.columns = columns, .utf8 = true, .now_ms = NOON, .target = "-H mk3 "};
    show(&out, &v, doc);
    char *result = strdup(strbuf_text(&out));
    strbuf_fini(&out);
    strbuf_fini(&doc_text);
    json_decref(doc);
    return result;
}

static void assert_shown(view_function *show, int columns, const char *text, const char *wanted)
{
    char *got = shown(show, columns, text);
    assert_string_equal(got, wanted);
    free(got);
}

static void a_shared_queue_has_a_line_of_its_own_below_its_row(void **state)
{
    (void)state;
    assert_shown(view_queues, 80, "{'queues':[" LOCAL "," SHARED(THREE) "]}",
        "queue            kind    strategy          jobs  archived  left\n"
        "local            local   in-order             2        10  12 min 34 s\n"
        "LAN              lan     in-order             1         0  12 min 34 s\n"
        "    locked, 3 hosts, led by anna\n");
    assert_shown(view_queues, 80, "{'queues':[" SHARED(ALONE) "]}",
        "queue            kind    strategy          jobs  archived  left\n"
        "LAN              lan     in-order             1         0  12 min 34 s\n"
        "    locked, no other printers yet, 2 changes wait; port 6789 is in use by\n"
        "    another program\n");
}

static void one_shared_queue_tells_how_it_is_set_and_who_decides(void **state)
{
    (void)state;
    assert_shown(view_queue, 80, SHARED(THREE),
        "LAN: lan queue, 1 job\n"
        "  strategy   in-order\n"
        "  access     locked by a key\n"
        "  address    auto\n"
        "  listening  0.0.0.0:36049\n"
        "  control    keyed\n"
        "  accept     all\n"
        "  hosts      3, 2 of 3 that decide are linked; led by anna\n"
        "  role       client\n"
        "  peer id    12D3KooWKuH3699mVv42p5mVYKAxHr2DWinEGjjGpY54G1MDGy13\n");
    char *crowd = shown(view_queue, 80, SHARED(CROWD));
    assert_non_null(strstr(crowd, "1204 or so (1100 to 1310), 2 of 3"));
    free(crowd);
}

static void one_that_is_alone_says_why_that_may_be(void **state)
{
    (void)state;
    char *got = shown(view_queue, 80, SHARED(ALONE));
    assert_non_null(strstr(got, "  hosts      no other printers yet\n"));
    assert_non_null(
        strstr(got, "  waiting    2 changes wait for the other hosts\n"
                    "  problem    port 6789 is in use by another program\n"
                    "  maybe      queue \"lan\" seen; yours is \"LAN\"; names are case-sensitive\n"
                    "             nobody else announced a queue on this network yet\n"));
    free(got);
}

static void hosts_are_a_table_with_what_they_do_below_each(void **state)
{
    (void)state;
    assert_shown(view_peers, 80,
        "{'peers':[" ANNA "," BERT "," CARL "],'moves':[{'from':'local',"
        "'to':'LAN','step':'offer'}]}",
        "host              profile           state        link\n"
        "anna              prusa-mk3s        printing     1.3 ms\n"
        "    42% of gear.gcode, done 13:00\n"
        "bert                                operational  this host\n"
        "    needs a person\n"
        "carl              ender-3           offline      silent 2 h 00 min\n"
        "a job is on its way from local to LAN (offer)\n");
    char *wide = shown(view_peers, 120, "{'peers':[" ANNA "],'moves':[]}");
    assert_non_null(strstr(wide, "leads     0.1.0      42% of gear.gcode, done 13:00\n"));
    assert_non_null(strstr(wide, "no other printers yet (ppctl -H mk3 queue show NAME"));
    free(wide);
    assert_shown(view_peers, 80, "{'peers':[],'moves':[]}",
        "no shared queue is enabled (ppctl -H mk3 queue enable LAN shares one with all\n"
        "hosts here)\n");
}

static void a_shared_job_says_who_has_it_and_who_cannot_print_it(void **state)
{
    (void)state;
    char *got = shown(view_job, 80,
        "{'id':'0192f0a0-aaaa-7000-8000-00000093779d','name':'gears','queue':'LAN','position':1,"
        "'state':'elsewhere','why':'anna prints it','claims':[{'printer':'anna','peer':'12D3KooWx',"
        "'since_ms':1763638200000,'run':'r','set':'s','run_ms':1763638260000}],'peers_why':{'carl':"
        "'no set is for its profile \\'ender-3\\''},'sets':[]}");
    assert_non_null(strstr(got, "  printer   anna, printing since 11:31\n"));
    assert_non_null(strstr(got, "  not on    carl: no set is for its profile \"ender-3\"\n"));
    free(got);
}

static void a_job_that_moves_for_long_says_that_it_goes_on(void **state)
{
    (void)state;
    assert_shown(view_job, 80,
        "{'moving':{'job':'x','from':'local','to':'LAN','step':'offer','done_bytes':2400000,"
        "'size_bytes':9000000}}",
        "on its way from local to LAN (2.4 MB of 9.0 MB); it goes on by itself (ppctl -H\n"
        "mk3 peers shows it)\n");
}

static void nothing_is_wider_than_the_terminal(void **state)
{
    static const int columns[] = {40, 60, 80, 100, 120};
    static const struct {
        view_function *show;
        const char *text;
    } rows[] = {{view_queues, "{'queues':[" SHARED(ALONE) "," SHARED(CROWD) "]}"},
        {view_queue, SHARED(THREE)}, {view_queue, SHARED(ALONE)},
        {view_peers, "{'peers':[" ANNA "," BERT "," CARL "],'moves':[{'from':'local','to':'a queue "
                     "with a rather long name','step':'offer'}]}"},
        {view_peers, "{'peers':[]}"}};
    (void)state;
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
            char *got = shown(rows[k].show, columns[i], rows[k].text);
            for (char *line = strtok(got, "\n"); line != NULL; line = strtok(NULL, "\n")) {
                if (text_columns(line) > columns[i] && strchr(line + 13, ' ') != NULL) {
                    fail_msg("%d columns: \"%s\"", columns[i], line);
                }
            }
            free(got);
        }
    }
}

static void documents_of_other_shapes_are_shown_as_far_as_they_go(void **state)
{
    static const char *const docs[] = {"{}", "[]", "{'peers':3,'moves':{}}",
        "{'peers':[3,null,{}]}", "{'queues':[{},3]}",
        "{'hints':[3],'peers':[],'leader':'x','enabled':true}",
        "{'name':'\\u001b[2J','kind':'\\u001b[2J','enabled':true,'peers':{'count':9e15}}"};
    view_function *const views[] = {view_queue, view_queues, view_peers, view_job};
    (void)state;
    for (size_t i = 0; i < sizeof docs / sizeof *docs; i++) {
        for (size_t k = 0; k < sizeof views / sizeof *views; k++) {
            char *got = shown(views[k], 80, docs[i]);
            assert_null(strchr(got, '\033'));
            free(got);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_shared_queue_has_a_line_of_its_own_below_its_row),
        cmocka_unit_test(one_shared_queue_tells_how_it_is_set_and_who_decides),
        cmocka_unit_test(one_that_is_alone_says_why_that_may_be),
        cmocka_unit_test(hosts_are_a_table_with_what_they_do_below_each),
        cmocka_unit_test(a_shared_job_says_who_has_it_and_who_cannot_print_it),
        cmocka_unit_test(a_job_that_moves_for_long_says_that_it_goes_on),
        cmocka_unit_test(nothing_is_wider_than_the_terminal),
        cmocka_unit_test(documents_of_other_shapes_are_shown_as_far_as_they_go),
    };
    setenv("TZ", "UTC", 1);
    tzset();
    setlocale(LC_ALL, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
