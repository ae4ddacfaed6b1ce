// SPDX-License-Identifier: Apache-2.0
// Two threads that evaluate halves of the points, each with work memory of its own.
#include <ad_core.h>

#include <thread>
#include <vector>

extern "C" int in_threads(const ad_core_function *f, std::size_t n, const double *x, double *y,
                          int threads) {
    if (int status = ad_core_check(f)) return status;
    std::vector<int> status(threads, AD_CORE_OK);
    std::vector<std::thread> running;
    for (int t = 0; t < threads; t++) {
        running.emplace_back([=, &status] {
            std::size_t first = n * t / threads, end = n * (t + 1) / threads;
            std::vector<double> work(f->n_work);
            status[t] = ad_core_begin(f, work.data(), work.size());
            if (status[t] != AD_CORE_OK) return;
            status[t] = f->eval_many(f->self, end - first, x + first * f->n_in,
                                     y + first * f->n_out, work.data());
        });
    }
    for (auto &thread : running) thread.join();
    for (int s : status) {
        if (s != AD_CORE_OK) return s;
    }
    return AD_CORE_OK;
}

// The time of one evaluation at a point, in a loop of so many.
extern "C" int in_a_loop(const ad_core_function *f, std::size_t n, const double *x, double *y) {
    std::vector<double> work(f->n_work);
    int status = ad_core_begin(f, work.data(), work.size());
    for (std::size_t k = 0; k < n && status == AD_CORE_OK; k++) {
        status = f->eval(f->self, x, y, work.data());
    }
    return status;
}
