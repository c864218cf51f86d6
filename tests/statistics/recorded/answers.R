# Answers of R on small data sets that stand in this file: analysis of covariance, group x time with unequal groups,
# relapse, meta-analysis and a two-by-two table. Run from this folder: Rscript answers.R > answers.txt
suppressMessages({library(survival); library(metafor)})
wide <- read.csv("mmrm.csv")
covariance <- summary(lm(visit1 ~ drug + baseline, wide))$coefficients["drug", ]
cat(sprintf("ancova_estimate %.10g\nancova_se %.10g\nancova_p %.10g\n", covariance[1], covariance[2], covariance[4]))
complete <- wide[complete.cases(wide), ]
ratings <- as.matrix(complete[, grep("visit", names(complete))])
group <- factor(complete$person %% 3 == 0)
visit <- factor(seq_len(ncol(ratings)))
test <- anova(lm(ratings ~ group), lm(ratings ~ 1), X = ~ 1, M = ~ visit, idata = data.frame(visit), test = "Spherical")
cat(sprintf("group_F %.10g\ngroup_df %g\ngroup_df_error %g\ngroup_p %.10g\ngroup_p_corrected %.10g\n", test$F[2], test[["num Df"]][2],
            test[["den Df"]][2], test[["Pr(>F)"]][2], test[["G-G Pr"]][2]))
day <- c(3, 5, 7, 7, 11, 14, 18, 18, 21, 28, 2, 4, 4, 9, 10, 13, 16, 20, 27, 28)
relapsed <- c(1, 1, 1, 0, 1, 1, 1, 0, 1, 0, 1, 1, 1, 1, 1, 0, 1, 1, 1, 0)
drug <- rep(c(1, 0), each = 10)
curve <- summary(survfit(Surv(day, relapsed) ~ drug))$table
cat(sprintf("median_control %g\nmedian_drug %g\n", curve[1, "median"], curve[2, "median"]))
at <- summary(survfit(Surv(day, relapsed) ~ 1), times = 14)
cat(sprintf("free_at_14 %.10g\n", at$surv))
cox <- summary(coxph(Surv(day, relapsed) ~ drug, ties = "efron"))$coefficients
cat(sprintf("log_hazard_ratio %.10g\nlog_hazard_ratio_se %.10g\n", cox[1], cox[3]))
cat(sprintf("log_rank_p %.10g\n", survdiff(Surv(day, relapsed) ~ drug)$pvalue))
welch <- t.test(ratings[group == TRUE, 1], ratings[group == FALSE, 1])
cat(sprintf("welch_df %.10g\nwelch_p %.10g\n", welch$parameter, welch$p.value))
responders <- c(4, 12, 12, 11, 17, 6, 26); people <- c(7, 17, 17, 14, 26, 10, 42)
pooled <- rma(xi = responders, ni = people, measure = "PLO", method = "REML", test = "knha", add = 0.5, to = "all",
              control = list(threshold = 1e-12, maxiter = 1000))

cat(sprintf("pooled %.10g\npooled_se %.10g\npooled_lower %.10g\npooled_upper %.10g\ntau2 %.10g\n", pooled$beta, pooled$se,
            pooled$ci.lb, pooled$ci.ub, pooled$tau2))
effect <- c(-0.8, -0.2, -1.4, -0.5, -1.1, 0.1, -0.7); error <- c(0.25, 0.2, 0.3, 0.15, 0.35, 0.2, 0.3)
uneven <- rma(yi = effect, sei = error, method = "REML", test = "knha", control = list(threshold = 1e-12, maxiter = 1000))
ahead <- predict(uneven)
cat(sprintf("uneven %.10g\nuneven_se %.10g\nuneven_lower %.10g\nuneven_upper %.10g\nuneven_tau2 %.10g\n", uneven$beta,
            uneven$se, uneven$ci.lb, uneven$ci.ub, uneven$tau2))
cat(sprintf("uneven_ahead_lower %.10g\nuneven_ahead_upper %.10g\nuneven_I2 %.10g\n", ahead$pi.lb, ahead$pi.ub, uneven$I2))
table <- fisher.test(matrix(c(30, 17, 7, 18), 2))
cat(sprintf("odds_ratio %.10g\nodds_lower %.10g\nodds_upper %.10g\nodds_p %.10g\n", table$estimate, table$conf.int[1],
            table$conf.int[2], table$p.value))
cat(R.version.string, "survival", as.character(packageVersion("survival")), "metafor", as.character(packageVersion("metafor")), "\n")
