/* libmdnsd/mdnsd.h includes one, Debian installs none. */
