/* A whole service in one file, without any library, for Linux on amd64 and arm64. `build` makes it.

     hello                          answers HTTP on $PORT (8080 when unset)
     hello work SECONDS WORDS...    writes the words again and again, until it is told to end
     hello say WORDS...             writes the words once
*/

typedef unsigned long word;

enum { STDOUT = 1, SIGTERM = 15, SIGINT = 2, SIGPIPE = 13, AF_INET = 2, STREAM = 1, SOCKET_LEVEL = 1, REUSE = 2, PATIENCE = 20 };

#if defined(__x86_64__)
enum { READ = 0, WRITE = 1, OPEN_AT = 257, CLOSE = 3, SLEEP = 35, SOCKET = 41, ACCEPT = 43, BIND = 49, LISTEN = 50, OPTION = 54,
       ACTION = 13, EXIT = 231 };
#define CALL register long r10 __asm__("r10") = d; register long r8 __asm__("r8") = e; long said; \
    __asm__ volatile("syscall" : "=a"(said) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8) : "rcx", "r11", "memory")
__asm__(".globl _start\n_start: mov %rsp, %rdi\nand $-16, %rsp\ncall run\n");
#elif defined(__aarch64__)
enum { READ = 63, WRITE = 64, OPEN_AT = 56, CLOSE = 57, SLEEP = 101, SOCKET = 198, ACCEPT = 202, BIND = 200, LISTEN = 201,
       OPTION = 208, ACTION = 134, EXIT = 94 };
#define CALL register long x8 __asm__("x8") = n; register long said __asm__("x0") = a; register long x1 __asm__("x1") = b; \
    register long x2 __asm__("x2") = c; register long x3 __asm__("x3") = d; register long x4 __asm__("x4") = e; \
    __asm__ volatile("svc 0" : "+r"(said) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory")
__asm__(".globl _start\n_start: mov x0, sp\nbl run\n");
#else
#error "amd64 or arm64"
#endif

static long call(long n, long a, long b, long c, long d, long e) { CALL; return said; }

static char **environment;

static word length(const char *text) { word n = 0; while (text[n]) n++; return n; }

static int begins(const char *text, const char *with) {
    while (*with) if (*text++ != *with++) return 0;
    return 1;
}

static word number(const char *text, word otherwise) {
    word n = 0;
    for (const char *at = text; *at; at++) {
        if (*at < '0' || *at > '9' || n > 99999) return otherwise;
        n = n * 10 + (word)(*at - '0');
    }
    return *text ? n : otherwise;
}

static const char *variable(const char *name, const char *otherwise) {
    word n = length(name);
    for (char **at = environment; *at; at++) if (begins(*at, name) && (*at)[n] == '=') return *at + n + 1;
    return otherwise;
}

/* A text that grows, as far as there is room. */
static char text[8192];
static word used;

static void add(const char *more) { while (*more && used < sizeof text) text[used++] = *more++; }

static void add_number(word n) {
    char digits[21];
    int at = 20;
    digits[at] = 0;
    do digits[--at] = (char)('0' + n % 10); while (n /= 10);
    add(digits + at);
}

static void send(int to) {
    for (word done = 0; done < used;) {
        long n = call(WRITE, to, (long)(text + done), (long)(used - done), 0, 0);
        if (n <= 0) break;
        done += (word)n;
    }
    used = 0;
}

static void end(int signal) { call(EXIT, 0, 0, 0, 0, 0); (void)signal; }

/* The kernel's own record, not a library's. A process with the number 1 is ended by no signal that it does not take. */
static void take(int signal, void (*with)(int)) {
    struct { void (*with)(int); word flags; void *restorer; word mask; } action = {with, 0x04000000, (void *)end, 0};
    call(ACTION, signal, (long)&action, 0, 8, 0);
}

static void log_line(const char *what, const char *rest) { add(what); add(rest); add("\n"); send(STDOUT); }

/* What the page says: the words of greeting.txt, and where Podo has put this. */
static void page(char *into, word room) {
    used = 0;
    long file = call(OPEN_AT, -100, (long)"/greeting.txt", 0, 0, 0);
    if (file >= 0) {
        long n = call(READ, file, (long)text, 1024, 0, 0);
        used = n > 0 ? (word)n : 0;
        call(CLOSE, file, 0, 0, 0, 0);
    }
    add("\nname         "); add(variable("NAME", "(set the variable NAME, and it stands here)"));
    add("\nproject      "); add(variable("PODO_PROJECT", "-"));
    add("\nenvironment  "); add(variable("PODO_ENVIRONMENT", "-"));
    add("\nregion       "); add(variable("PODO_REGION", "-"));
    add("\nrelease      "); add(variable("PODO_RELEASE", "-"));
    add("\nsecret       "); add(*variable("SECRET", "") ? "is set" : "is not set");
    add("\n");
    word n = used < room ? used : room - 1;
    for (word i = 0; i < n; i++) into[i] = text[i];
    into[n] = 0;
    used = 0;
}

static void answer(int to) {
    static char asked[2048], body[4096];
    long n = call(READ, to, (long)asked, sizeof asked - 1, 0, 0);
    if (n <= 0) return;
    asked[n] = 0;
    for (long i = 0; i < n; i++) if (asked[i] == '\r' || asked[i] == '\n') { asked[i] = 0; break; }
    int is_well = begins(asked, "GET /healthz ");
    const char *status = is_well || begins(asked, "GET / ") ? "200 OK" : "404 Not Found";
    body[0] = 0;
    if (is_well) { body[0] = 'o'; body[1] = 'k'; body[2] = '\n'; body[3] = 0; }
    else if (*status == '2') page(body, sizeof body);
    add("HTTP/1.1 "); add(status);
    add("\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\nContent-Length: "); add_number(length(body));
    add("\r\n\r\n"); add(body);
    send(to);
    if (!is_well) { add(status); add(" "); log_line(asked, ""); }
}

static int serve(void) {
    word port = number(variable("PORT", "8080"), 8080);
    struct { unsigned short family; unsigned char port[2]; unsigned address; char rest[8]; } at =
        {AF_INET, {(unsigned char)(port >> 8), (unsigned char)port}, 0, {0}};
    struct { long seconds, micros; } patience = {2, 0};
    int on = 1, door = (int)call(SOCKET, AF_INET, STREAM, 0, 0, 0);
    call(OPTION, door, SOCKET_LEVEL, REUSE, (long)&on, sizeof on);
    if (call(BIND, door, (long)&at, sizeof at, 0, 0) < 0 || call(LISTEN, door, 64, 0, 0, 0) < 0) {
        log_line("The port is taken.", "");
        return 1;
    }
    add("Listening on port "); add_number(port); log_line("", "");
    for (;;) {
        long guest = call(ACCEPT, door, 0, 0, 0, 0);
        if (guest < 0) continue;
        call(OPTION, guest, SOCKET_LEVEL, PATIENCE, (long)&patience, sizeof patience);
        answer((int)guest);
        call(CLOSE, guest, 0, 0, 0, 0);
    }
}

static void say(char **words) {
    for (; *words; words++) { add(*words); if (words[1]) add(" "); }
    log_line("", "");
}

__attribute__((used)) void run(word *stack) {
    char **words = (char **)(stack + 1);
    environment = words + stack[0] + 1;
    take(SIGTERM, end);
    take(SIGINT, end);
    take(SIGPIPE, (void (*)(int))1);
    int code = 0;
    if (stack[0] > 1 && begins(words[1], "say")) say(words + 2);
    else if (stack[0] > 2 && begins(words[1], "work")) {
        struct { long seconds, nanos; } pause = {(long)number(words[2], 10), 0};
        for (;;) { say(words + 3); call(SLEEP, (long)&pause, 0, 0, 0, 0); }
    } else code = serve();
    call(EXIT, code, 0, 0, 0, 0);
}
