# Treatment x time interaction with Greenhouse-Geisser correction, two within-subject factors; base R only.
# Run from this folder: Rscript interaction.R > interaction.txt
ratings <- as.matrix(read.csv("interaction.csv"))
treatment <- factor(rep(c("ketamine", "saline"), each = 5))
time <- factor(rep(1:5, 2))
fit <- lm(ratings ~ 1)
test <- anova(fit, X = ~ treatment + time, M = ~ treatment * time, idata = data.frame(treatment, time), test = "Spherical")
heading <- attr(test, "heading")
cat(sprintf("F %.10g\n", test$F[1]))
cat(sprintf("df %g %g\n", test[["num Df"]][1], test[["den Df"]][1]))
cat(sprintf("p %.10g\n", test[["Pr(>F)"]][1]))
cat(sprintf("p_corrected %.10g\n", test[["G-G Pr"]][1]))
cat(heading[grepl("Greenhouse", heading)], "\n")
cat(R.version.string, "\n")
